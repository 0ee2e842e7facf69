internal import NIOCore
internal import NIOWebSocket

/// Finds the frames of a server in what the socket brings, and joins the fragments of a message. Pure.
///
/// What is forbidden is noticed as soon as a header tells; nothing after it is read. With NIO's decoder, its aggregator and a handler
/// for the rules between them, each frame was boxed and cast four times.
struct FrameReader {
    struct Frame: Equatable {
        /// Never a continuation.
        var opcode: WebSocketOpcode
        var content: ByteBuffer
    }

    private enum State {
        case between
        /// The header is read, the content is not there yet.
        case within(FrameHeader)
        case broken
    }

    private var state = State.between
    private var rules = FrameRules()
    private var bytes = ByteBuffer()
    /// Whether nobody else holds memory of `bytes`, so that it can grow where it lies.
    private var isOwn = false
    /// The message that has begun and not ended.
    private var partial: Frame?

    mutating func append(_ more: ByteBuffer) {
        guard bytes.readableBytes > 0 else {
            (bytes, isOwn) = (more, false)
            return
        }
        var more = more
        if !isOwn {
            // What was read from it shares its memory: writing there would copy all of it.
            var own = ByteBuffer()
            own.reserveCapacity(bytes.readableBytes + more.readableBytes)
            own.writeBuffer(&bytes)
            (bytes, isOwn) = (own, true)
        }
        bytes.writeBuffer(&more)
    }

    /// - Returns: the next frame, or message; `nil` where more must come first.
    mutating func next() throws(FrameFault) -> Frame? {
        while true {
            let header: FrameHeader
            switch state {
            case .broken: return nil
            case .within(let known): header = known
            case .between:
                guard let found = FrameHeader.read(from: &bytes) else {
                    // Else the socket's buffer is held, and not used again, until more comes.
                    if bytes.readableBytes == 0 { bytes = ByteBuffer() }
                    return nil
                }
                if let fault = rules.fault(of: found) { throw broken(fault) }
                header = found
                state = .within(found)
            }
            guard let content = bytes.readSlice(length: header.length) else { return nil }
            state = .between
            isOwn = false
            if let frame = try took(header, content) { return frame }
        }
    }

    /// - Returns: what is whole now.
    private mutating func took(_ header: FrameHeader, _ content: ByteBuffer) throws(FrameFault) -> Frame? {
        guard let opcode = WebSocketOpcode(encodedWebSocketOpcode: header.opcode) else {
            preconditionFailure("four bits are always a type of frame")
        }
        switch opcode {
        case .continuation:
            guard var whole = partial else { preconditionFailure("the rules let a continuation of no message pass") }
            partial = nil
            whole.content.writeImmutableBuffer(content)
            if header.isFinal { return whole }
            partial = whole
            return nil
        case .text, .binary:
            if header.isFinal { return Frame(opcode: opcode, content: content) }
            // A copy: the others are written behind it.
            var own = ByteBuffer()
            own.writeImmutableBuffer(content)
            partial = Frame(opcode: opcode, content: own)
            return nil
        case .connectionClose:
            if let fault = FrameRules.fault(ofClose: content) { throw broken(fault) }
            return Frame(opcode: opcode, content: content)
        default:
            return Frame(opcode: opcode, content: content)
        }
    }

    private mutating func broken(_ fault: FrameFault) -> FrameFault {
        state = .broken
        bytes = ByteBuffer()
        partial = nil
        return fault
    }
}
