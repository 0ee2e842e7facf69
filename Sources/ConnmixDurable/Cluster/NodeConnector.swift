internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket

/// Opens WebSockets to nodes: name lookup, TCP, TLS and upgrade under one time limit.
struct NodeConnector: Sendable {
    let loop: any EventLoop
    /// `nil`: plain.
    var tls: TLSClient?
    var credentials: Credentials?
    var timeout: Duration = .seconds(5)
    var names = NameLookup.shared

    /// - Parameter makeHandler: takes frames and writes their bytes (`FrameWriter`); called on the loop once the upgrade is done.
    /// - Returns: the channel, once upgraded. The future fails with a `ConnmixError`.
    func connect(
        to identity: NodeIdentity, _ makeHandler: @escaping @Sendable () -> any ChannelInboundHandler
    ) -> EventLoopFuture<any Channel> {
        let upgraded = loop.makePromise(of: (any Channel).self)
        let peer = Peer(node: identity.address, isSecure: tls != nil, hasCredentials: credentials != nil)
        let isOver = NIOLoopBoundBox.makeBoxSendingValue(false, eventLoop: loop)
        let limit = TimeAmount.microseconds(timeout.microseconds)
        let upgrader = upgrader(peer, upgraded) { channel in
            // TLS takes its time to close: what it still brings in comes too late.
            guard !isOver.value else { throw ChannelError.ioOnClosedChannel }
            try channel.pipeline.syncOperations.addHandler(makeHandler())
            upgraded.succeed(channel)
        }
        let connecting = Dialer(loop: loop, names: names).connect(to: peer.address, within: limit) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.syncOptions?.setOption(.writeBufferWaterMark, value: NodeChannelHandler.writeMarks)
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addTransport(to: peer, tls: tls)
                try pipeline.addHTTPClientHandlers(
                    leftOverBytesStrategy: .forwardBytes,
                    withClientUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
                try pipeline.addHandler(
                    UpgradeRequestHandler(peer: peer, credentials: credentials, upgraded: upgraded))
            }
        }
        connecting.whenComplete { result in
            switch result {
            case .failure(let error):
                upgraded.fail(peer.fault("cannot be reached: \(error.brief)"))
            case .success(let channel):
                upgraded.futureResult.whenFailure { _ in channel.close(promise: nil) }
            }
        }
        // Begun after the look-up and the connect, which say more about what took so long.
        let timer = loop.scheduleTask(in: limit) { upgraded.fail(peer.timedOut("open a WebSocket", after: timeout)) }
        upgraded.futureResult.whenComplete { _ in
            isOver.value = true
            timer.cancel()
        }
        return upgraded.futureResult
    }

    /// - Parameter addHandler: called with the channel that speaks WebSocket now.
    private func upgrader(
        _ peer: Peer, _ upgraded: EventLoopPromise<any Channel>,
        _ addHandler: @escaping @Sendable (any Channel) throws -> Void
    ) -> NIOWebSocketClientUpgrader {
        NIOWebSocketClientUpgrader(
            // NIO's own error handler closes before anybody is told why.
            maxFrameSize: FrameRules.sizeLimit, automaticErrorHandling: false
        ) { channel, response in
            channel.eventLoop.makeCompletedFuture {
                for (header, what) in [("Sec-WebSocket-Extensions", "extension"), ("Sec-WebSocket-Protocol", "protocol")] {
                    guard let chosen = response.headers[header].first else { continue }
                    let fault = peer.fault("chose the \(what) \(Quoted.text(chosen)), which nobody offered")
                    // Whoever is thrown to here tells nobody.
                    upgraded.fail(fault)
                    throw fault
                }
                let pipeline = channel.pipeline.syncOperations
                // It speaks HTTP and stands between the socket and the frame decoder.
                pipeline.removeHandler(try pipeline.handler(type: UpgradeRequestHandler.self), promise: nil)
                try addHandler(channel)
            }
        }
    }
}

/// Asks for the upgrade, and notices every answer that is none.
private final class UpgradeRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let peer: Peer
    private let credentials: Credentials?
    private let upgraded: EventLoopPromise<any Channel>

    init(peer: Peer, credentials: Credentials?, upgraded: EventLoopPromise<any Channel>) {
        self.peer = peer
        self.credentials = credentials
        self.upgraded = upgraded
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers: HTTPHeaders = ["Host": peer.address.description]
        if let credentials { headers.add(name: "Authorization", value: credentials.authorization) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/ws/v1", headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            upgraded.fail(peer.answered(status: head.status.code, to: "the WebSocket's opening"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        upgraded.fail(peer.closed(before: "the WebSocket was open"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        upgraded.fail(error as? ConnmixError ?? peer.fault("broke the WebSocket handshake: \(error.brief)"))
    }
}
