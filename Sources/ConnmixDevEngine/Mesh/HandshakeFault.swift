import NIOCore

/// Takes the place of HTTP on a node's API port when the handshake is to go wrong.
final class HandshakeFault: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let behaviour: DevEngine.Handshake

    init(_ behaviour: DevEngine.Handshake) { self.behaviour = behaviour }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let reply: String
        switch self.behaviour {
        case .accept, .httpOnly, .hang: return
        case .close: return context.close(promise: nil)
        case .raw(let text): reply = text
        case .status(let status):
            reply = "HTTP/1.1 \(status) Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: reply)))
            .whenComplete { _ in bound.value.close(promise: nil) }
    }
}
