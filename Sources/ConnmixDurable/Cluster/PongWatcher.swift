internal import NIOCore
internal import NIOWebSocket

/// Sends one ping and waits for its pong.
final class PongWatcher: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let pong: EventLoopPromise<Duration>
    private var sentAt = ContinuousClock.now

    init(_ pong: EventLoopPromise<Duration>) {
        self.pong = pong
    }

    func handlerAdded(context: ChannelHandlerContext) {
        sentAt = .now
        let data = context.channel.allocator.buffer(string: "probe")
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: data)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if unwrapInboundIn(data).opcode == .pong { pong.succeed(.now - sentAt) }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        pong.fail(ConnmixError(.unreachable, error.brief))
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        pong.fail(ConnmixError(.unreachable, "the connection was closed before a pong came"))
        context.fireChannelInactive()
    }
}
