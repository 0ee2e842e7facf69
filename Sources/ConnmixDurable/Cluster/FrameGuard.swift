internal import NIOCore
internal import NIOWebSocket

/// Lets through what `FrameRules` allow. Stands before fragments are joined; after a fault nothing passes any more.
final class FrameGuard: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame

    private var rules = FrameRules()
    private var isBroken = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        if let fault = rules.fault(of: unwrapInboundIn(data)) {
            isBroken = true
            context.fireErrorCaught(fault)
        } else {
            context.fireChannelRead(data)
        }
    }
}
