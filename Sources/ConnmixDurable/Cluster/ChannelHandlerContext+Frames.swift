internal import NIOCore
internal import NIOWebSocket

extension ChannelHandlerContext {
    /// Where the bytes of frames are written: past NIO's encoder, which takes frames one by one.
    var pastEncoder: ChannelHandlerContext {
        (try? channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)) ?? self
    }

    func write(_ frames: ByteBuffer) {
        write(NIOAny(frames), promise: nil)
    }

    /// Closes once the goodbye is written, whether or not the other side says it too.
    func close(saying goodbye: ByteBuffer) {
        // Half a goodbye is enough: whatever was applied was answered before, and a peer that reads nothing must not hold us.
        eventLoop.scheduleTask(in: .seconds(1)) { [channel] in channel.close(promise: nil) }
        writeAndFlush(NIOAny(goodbye)).whenComplete { [channel] _ in channel.close(promise: nil) }
    }
}
