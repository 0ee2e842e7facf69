internal import NIOCore
internal import NIOWebSocket

/// Sends one ping over a WebSocket, waits for its pong and takes nothing else.
final class PongWatcher: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame

    private let pong: EventLoopPromise<Duration>
    private var sentAt = ContinuousClock.now
    private var writer = FrameWriter()

    init(_ pong: EventLoopPromise<Duration>) {
        self.pong = pong
    }

    func handlerAdded(context: ChannelHandlerContext) {
        sentAt = .now
        context.pastEncoder.write(writer.frame(.ping) { $0.writeStaticString("probe") })
        context.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).opcode {
        case .pong: pong.succeed(.now - sentAt)
        case .connectionClose: fail()
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        pong.fail(ConnmixError(.unreachable, error.brief))
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail()
        context.fireChannelInactive()
    }

    private func fail() {
        pong.fail(ConnmixError(.unreachable, "the connection was closed before a pong came"))
    }
}
