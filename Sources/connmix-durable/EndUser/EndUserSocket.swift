import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// An end user's WebSocket.
struct EndUserSocket {
    typealias Channel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>
    typealias Writer = NIOAsyncChannelOutboundWriter<WebSocketFrame>

    /// What came in.
    enum Event: Sendable {
        case text(String)
        case binary([UInt8])
    }

    private static let patience = TimeAmount.seconds(5)
    private static let limit = 64 << 20

    let address: HostAndPort
    let channel: Channel

    /// - Throws: `Failure` with exit code 69 where nothing listens, or what listens has no end users there.
    static func connect(_ address: HostAndPort) async throws -> EndUserSocket {
        let name = "\(address.host):\(address.port)"
        let upgraded: EventLoopFuture<Channel?>
        let begun = ContinuousClock.now
        do {
            upgraded = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(patience)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try upgrade(channel, address) }
                }
        } catch {
            throw Failure(
                .unreachable,
                "nobody takes end users at \(name) (\(SocketTrouble.words(error))); "
                    + "start connmix-durable engine, or give the address it prints")
        }
        let channel: Channel?
        do {
            channel = try await upgraded.get()
        } catch {
            let isSilent = ContinuousClock.now - begun >= .nanoseconds(patience.nanoseconds)
            throw Failure(
                .unreachable,
                "\(name) took the connection and opened no WebSocket at the path \(path(address)): \(isSilent ? "no answer in time" : trouble(error)); look what listens there"
            )
        }
        guard let channel else {
            throw Failure(
                .unreachable,
                "\(name) answers by HTTP and takes no end users at the path \(path(address)); the development engine's is /chat")
        }
        return EndUserSocket(address: address, channel: channel)
    }

    private static func trouble(_ error: any Error) -> String {
        switch error {
        case let error as NIOHTTPClientUpgradeError where error == .upgraderDeniedUpgrade:
            "its Sec-WebSocket-Accept does not fit the question"
        case let error as NIOHTTPClientUpgradeError where error == .responseProtocolNotFound:
            "it does not say Upgrade: websocket"
        case is ChannelError: "it closed the connection"
        case is HTTPParserError: "what it answers is no HTTP"
        default: SocketTrouble.words(error)
        }
    }

    private static func path(_ address: HostAndPort) -> String { address.path.hasPrefix("/") ? address.path : "/" + address.path }

    private static func upgrade(_ channel: any NIOCore.Channel, _ address: HostAndPort) throws -> EventLoopFuture<Channel?> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Channel?>(maxFrameSize: limit) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 20, maxAccumulatedFrameSize: limit))
                return try Channel(wrappingChannelSynchronously: channel)
            }
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: path(address),
            headers: ["Host": "\(address.host):\(address.port)", "Content-Length": "0"])
        let configuration = NIOTypedHTTPClientUpgradeConfiguration<Channel?>(
            upgradeRequestHead: head, upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.close(promise: nil)
                return channel.eventLoop.makeSucceededFuture(nil)
            })
        let timer = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        let upgraded = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(upgradeConfiguration: configuration))
        upgraded.whenComplete { _ in timer.cancel() }
        return upgraded
    }

    /// Hands what comes to `body`, until the connection ends; answers pings.
    ///
    /// - Returns: the code with which the other side ends it, where it says one.
    static func read(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ writer: Writer,
        _ body: @Sendable (Event) throws -> Void
    ) async throws -> UInt16? {
        do {
            for try await frame in inbound {
                var data = frame.unmaskedData
                switch frame.opcode {
                case .text: try body(.text(String(buffer: data)))
                case .binary: try body(.binary(Array(data.readableBytesView)))
                case .ping: try await writer.write(Self.frame(.pong, data))
                case .connectionClose: return data.readInteger()
                default: break
                }
            }
        } catch is IOError {
            // As good as an end.
        }
        return nil
    }

    static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
    }

    static func text(_ text: String) -> WebSocketFrame { frame(.text, ByteBuffer(string: text)) }

    /// Says goodbye, in good order.
    static func close(_ writer: Writer) async {
        try? await writer.write(frame(.connectionClose, ByteBuffer(integer: UInt16(1000))))
    }

    func closed(_ code: UInt16?) -> Failure {
        Failure(
            .unreachable,
            "\(address.host):\(address.port) ended the connection" + (code.map { " with code \($0)" } ?? " without a word"))
    }
}
