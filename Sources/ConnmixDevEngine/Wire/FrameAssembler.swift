import NIOCore
import NIOWebSocket

/// What a received frame amounts to.
enum FrameAction: Equatable {
    case text(ByteBuffer)
    case binary(ByteBuffer)
    case ping(ByteBuffer)
    /// 1005 where the frame has no code (RFC 6455, section 7.1.5).
    case close(UInt16)
    case nothing
    case violation(UInt16)
}

/// Makes messages of frames, within the size limit.
struct FrameAssembler {
    static let messageLimit = 64 << 20

    private var partial: ByteBuffer?
    private var isText = false
    private var unmasking = Unmasking()

    mutating func receive(_ frame: WebSocketFrame) -> FrameAction {
        guard let key = frame.maskKey, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return .violation(1002) }
        switch frame.opcode {
        case .ping: return .ping(frame.unmaskedData)
        case .pong: return .nothing
        case .connectionClose:
            var data = frame.unmaskedData
            return .close(data.readInteger() ?? 1005)
        case .text, .binary:
            guard self.partial == nil else { return .violation(1002) }
            self.isText = frame.opcode == .text
            let data = self.unmasking.unmask(frame.data, key)
            if frame.fin { return self.message(data) }
            self.partial = data
            return .nothing
        case .continuation:
            guard var whole = self.partial else { return .violation(1002) }
            self.partial = nil
            guard whole.readableBytes + frame.length <= Self.messageLimit else { return .violation(1009) }
            whole.writeImmutableBuffer(self.unmasking.unmask(frame.data, key))
            if frame.fin { return self.message(whole) }
            self.partial = whole
            return .nothing
        default: return .violation(1002)
        }
    }

    private func message(_ data: ByteBuffer) -> FrameAction {
        guard self.isText else { return .binary(data) }
        return data.isUTF8 ? .text(data) : .violation(1007)
    }
}
