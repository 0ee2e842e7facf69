internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOWebSocket

/// Opens WebSockets to nodes: TCP connect and upgrade under one time limit.
struct NodeConnector: Sendable {
    let loop: any EventLoop
    var timeout: Duration = .seconds(5)

    /// A longer frame or message ends the connection: nothing in connmix is near it, and a header may claim 2^63 bytes.
    static let frameLimit = 64 << 20

    /// - Parameter makeHandler: called on the loop once the upgrade is done.
    /// - Returns: the channel, once upgraded. The future fails with a `ConnmixError`.
    func connect(
        to identity: NodeIdentity, _ makeHandler: @escaping @Sendable () -> NodeChannelHandler
    ) -> EventLoopFuture<any Channel> {
        let upgraded = loop.makePromise(of: (any Channel).self)
        let address = identity.address
        let upgrader = NIOWebSocketClientUpgrader(
            maxFrameSize: Self.frameLimit, automaticErrorHandling: true
        ) { channel, response in
            channel.eventLoop.makeCompletedFuture {
                guard response.headers["Sec-WebSocket-Extensions"].isEmpty,
                    response.headers["Sec-WebSocket-Protocol"].isEmpty
                else {
                    throw ConnmixError(.unreachable, "\(address) chose an extension or a protocol nobody offered")
                }
                let pipeline = channel.pipeline.syncOperations
                // It speaks HTTP and stands between the socket and the frame decoder.
                pipeline.removeHandler(try pipeline.handler(type: UpgradeRequestHandler.self), promise: nil)
                try pipeline.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 65_536,
                        maxAccumulatedFrameSize: Self.frameLimit))
                try pipeline.addHandler(makeHandler())
                upgraded.succeed(channel)
            }
        }
        let limit = TimeAmount.microseconds(timeout.microseconds)
        ClientBootstrap(group: loop)
            .connectTimeout(limit)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers(
                        leftOverBytesStrategy: .forwardBytes,
                        withClientUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                    try channel.pipeline.syncOperations.addHandler(
                        UpgradeRequestHandler(address: address, upgraded: upgraded))
                }
            }
            .connect(host: address.host, port: address.port)
            .whenComplete { result in
                switch result {
                case .failure(let error):
                    upgraded.fail(ConnmixError(.unreachable, "\(address) cannot be reached: \(error.brief)"))
                case .success(let channel):
                    let timer = channel.eventLoop.scheduleTask(in: limit) {
                        upgraded.fail(
                            ConnmixError(.unreachable, "\(address) did not open a WebSocket within \(timeout)"))
                    }
                    upgraded.futureResult.whenComplete { result in
                        timer.cancel()
                        if case .failure = result { channel.close(promise: nil) }
                    }
                }
            }
        return upgraded.futureResult
    }
}

/// Asks for the upgrade, and notices every answer that is none.
private final class UpgradeRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let address: NodeAddress
    private let upgraded: EventLoopPromise<any Channel>

    init(address: NodeAddress, upgraded: EventLoopPromise<any Channel>) {
        self.address = address
        self.upgraded = upgraded
    }

    func channelActive(context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Host": address.description]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/ws/v1", headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            fail("answered status \(head.status.code) and no WebSocket")
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail("closed the connection before the WebSocket was open")
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("broke the WebSocket handshake: \(error.brief)")
    }

    private func fail(_ what: String) {
        upgraded.fail(ConnmixError(.unreachable, "\(address) \(what)"))
    }
}
