import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A tiny WebSocket client: NIO's own codec, so that the engine's framing is checked by another.
final class TestSocket: Sendable {
    enum Event: Sendable, Equatable {
        case text(String)
        case binary([UInt8])
        case pong
        case close(Int)
    }

    let channel: any Channel
    private let stream: AsyncStream<Event>

    private init(_ channel: any Channel, _ stream: AsyncStream<Event>) {
        self.channel = channel
        self.stream = stream
    }

    struct Refused: Error {}

    static func connect(_ address: String, path: String = "/ws/v1") async throws -> TestSocket {
        let (host, port) = split(address)
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let upgraded = loop.makePromise(of: Void.self)
        let connected = ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let upgrader = NIOWebSocketClientUpgrader(maxFrameSize: 1 << 24) { channel, _ in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Reader(continuation))
                        upgraded.succeed(())
                    }
                }
                try channel.pipeline.syncOperations.addHTTPClientHandlers(
                    withClientUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
            }
        }.connect(host: host, port: port)
        connected.whenFailure { upgraded.fail($0) }
        let channel = try await connected.get()
        channel.closeFuture.whenComplete { _ in
            upgraded.fail(Refused())
            continuation.finish()
        }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path, headers: ["Host": address])
        try await channel.eventLoop.submit {
            channel.pipeline.syncOperations.write(NIOAny(HTTPClientRequestPart.head(head)), promise: nil)
            channel.pipeline.syncOperations.writeAndFlush(NIOAny(HTTPClientRequestPart.end(nil)), promise: nil)
        }.get()
        try await upgraded.futureResult.get()
        return TestSocket(channel, stream)
    }

    func send(_ text: String) async throws { try await self.send(.text, ByteBuffer(string: text)) }

    func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true, masked: Bool = true) async throws {
        let frame = WebSocketFrame(fin: fin, opcode: opcode, maskKey: masked ? .random() : nil, data: data)
        try await self.channel.writeAndFlush(frame)
    }

    /// The next frame, or nil at the end of the connection.
    func next() async -> Event? {
        var iterator = self.stream.makeAsyncIterator()
        return await iterator.next()
    }

    func text() async -> String? {
        guard case .text(let text) = await self.next() else { return nil }
        return text
    }

    /// Sends a request and returns the next text frame.
    func ask(_ text: String) async throws -> String? {
        try await self.send(text)
        return await self.text()
    }

    /// Reads on until the connection ends; true when it does.
    func ends() async -> Bool {
        while await self.next() != nil {}
        return true
    }

    func stopReading() async throws { try await self.channel.setOption(.autoRead, value: false).get() }
    func goOnReading() async throws { try await self.channel.setOption(.autoRead, value: true).get() }
    func close() async throws { try await self.channel.close() }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        private let continuation: AsyncStream<Event>.Continuation
        init(_ continuation: AsyncStream<Event>.Continuation) { self.continuation = continuation }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = self.unwrapInboundIn(data)
            var bytes = frame.data
            switch frame.opcode {
            case .text: self.continuation.yield(.text(String(buffer: bytes)))
            case .binary: self.continuation.yield(.binary(Array(bytes.readableBytesView)))
            case .pong: self.continuation.yield(.pong)
            case .connectionClose: self.continuation.yield(.close(Int(bytes.readInteger() ?? UInt16(0))))
            default: break
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}

func split(_ address: String) -> (String, Int) {
    let parts = address.split(separator: ":")
    return (String(parts[0]), Int(parts[1]) ?? 0)
}
