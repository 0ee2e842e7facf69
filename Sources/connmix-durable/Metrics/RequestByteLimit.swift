import NIOCore

/// Closes a connection that sends more than any request for metrics has.
final class RequestByteLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    static let limit = 64 << 10

    private var bytes = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += unwrapInboundIn(data).readableBytes
        guard bytes <= Self.limit else { return context.close(promise: nil) }
        context.fireChannelRead(data)
    }
}
