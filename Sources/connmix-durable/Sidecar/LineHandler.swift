import NIOCore

/// Makes lines of what a process writes, on the event loop.
final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var splitter = LineSplitter()
    private let conversation: WorkerConversation

    init(_ conversation: WorkerConversation) {
        self.conversation = conversation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            for line in try splitter.append(Array(unwrapInboundIn(data).readableBytesView)) where !conversation.took(line) {
                return context.close(promise: nil)
            }
        } catch {
            conversation.fail(with: "it wrote a line over \(LineSplitter.limit >> 20) MiB")
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        conversation.fail(with: "its output cannot be read: \(error)")
        context.close(promise: nil)
    }
}

/// Takes what a process writes to stderr, on the event loop.
final class ErrorLineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var lines = BoundedLines()
    private let conversation: WorkerConversation

    init(_ conversation: WorkerConversation) {
        self.conversation = conversation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        conversation.complained(bytes, lines: lines.append(bytes))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
