internal import NIOCore
internal import NIOWebSocket

/// Sends one ping over a WebSocket, waits for its pong and takes nothing else.
final class PongWatcher: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let pong: EventLoopPromise<Duration>
    private var sentAt = ContinuousClock.now
    private var reader = FrameReader()
    private var writer = FrameWriter()

    init(_ pong: EventLoopPromise<Duration>) {
        self.pong = pong
    }

    func handlerAdded(context: ChannelHandlerContext) {
        sentAt = .now
        context.write(writer.frame(.ping) { $0.writeStaticString("probe") })
        context.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.append(unwrapInboundIn(data))
        do {
            while let frame = try reader.next() {
                switch frame.opcode {
                case .pong: pong.succeed(.now - sentAt)
                case .connectionClose: fail()
                default: break
                }
            }
        } catch {
            pong.fail(ConnmixError(.unreachable, error.brief))
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
