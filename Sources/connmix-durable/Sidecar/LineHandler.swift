import NIOCore

/// Makes lines of what a process writes, on the event loop.
final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var splitter = LineSplitter()
    /// It has written what it should not have: what follows is kept for the error, and means nothing else.
    private var isBroken = false
    private let conversation: WorkerConversation

    init(_ conversation: WorkerConversation) {
        self.conversation = conversation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        if isBroken { return keep(bytes, context) }
        do {
            let lines = try splitter.append(bytes)
            for (place, line) in lines.enumerated() where !conversation.took(line) {
                isBroken = true
                // The first line is often an empty one.
                return keep(Array(lines[place...].joined(separator: [0x0A])) + [0x0A] + splitter.rest, context)
            }
        } catch {
            isBroken = true
            conversation.fail(with: "it wrote a line over \(LineSplitter.limit >> 20) MiB")
            keep(error.line, context)
        }
    }

    /// A last line without an end is no answer, and tells what the process died of.
    func channelInactive(context: ChannelHandlerContext) {
        if !isBroken { _ = conversation.printed(splitter.rest) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        conversation.fail(with: "its output cannot be read: \(error)")
        context.close(promise: nil)
    }

    private func keep(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        if !conversation.printed(bytes) { context.close(promise: nil) }
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
        conversation.complained(bytes) { lines.append($0) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        conversation.complaintsEnd()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
