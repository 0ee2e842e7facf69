internal import NIOCore
internal import NIOWebSocket

/// Takes a server's frames as NIO's decoder finds them: holds the rules and joins the fragments of a message. Pure.
///
/// With a handler for the rules and one that joins, each frame was boxed and cast three times on its way here.
struct FrameJoin {
    struct Frame: Equatable {
        /// Never a continuation.
        var opcode: WebSocketOpcode
        var content: ByteBuffer
    }

    private var rules = FrameRules()
    private var isBroken = false
    /// The message that has begun and not ended.
    private var partial: Frame?

    /// - Returns: what is whole now. After a fault nothing is.
    /// - Throws: what is forbidden about it.
    mutating func take(_ frame: WebSocketFrame) throws(FrameFault) -> Frame? {
        guard !isBroken else { return nil }
        if let fault = rules.fault(of: frame) {
            isBroken = true
            partial = nil
            throw fault
        }
        switch frame.opcode {
        case .continuation:
            guard var whole = partial else { preconditionFailure("the rules let a continuation of no message pass") }
            partial = nil
            whole.content.writeImmutableBuffer(frame.data)
            if frame.fin { return whole }
            partial = whole
            return nil
        case .text, .binary:
            if frame.fin { return Frame(opcode: frame.opcode, content: frame.data) }
            // A copy: the others are written behind it.
            var own = ByteBuffer()
            own.writeImmutableBuffer(frame.data)
            partial = Frame(opcode: frame.opcode, content: own)
            return nil
        default:
            return Frame(opcode: frame.opcode, content: frame.data)
        }
    }
}
