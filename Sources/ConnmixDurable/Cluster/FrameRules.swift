internal import NIOCore
internal import NIOWebSocket

/// Which frames of a server the WebSocket standard (RFC 6455) allows, where no extension was agreed on. Pure.
///
/// Sees each frame before fragments are joined. That text is UTF-8 is not looked at: a
/// message that cannot be understood is kept (P2).
struct FrameRules {
    /// Of a frame and of a message: nothing in connmix is near it, and a header may claim 2^63 bytes.
    static let sizeLimit = 64 << 20
    static let fragmentLimit = 65_536

    /// The message that has begun and not ended.
    private var partial: (bytes: Int, fragments: Int)?

    /// - Returns: why the frame may not be; nothing after it can be trusted.
    mutating func fault(of frame: WebSocketFrame) -> FrameFault? {
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return .reservedBits(opcode: UInt8(webSocketOpcode: frame.opcode))
        }
        guard frame.maskKey == nil else { return .masked }
        if frame.opcode.isControlOpcode {
            guard frame.fin else { return .fragmentedControl }
            guard frame.length <= 125 else { return .longControl }
        }
        switch frame.opcode {
        case .ping, .pong: return nil
        case .connectionClose: return Self.fault(ofClose: frame.data)
        case .text, .binary:
            guard partial == nil else { return .unfinishedMessage }
            return took(frame, (0, 0))
        case .continuation:
            guard let partial else { return .strayContinuation }
            return took(frame, partial)
        default: return .unknownOpcode(UInt8(webSocketOpcode: frame.opcode))
        }
    }

    private mutating func took(_ frame: WebSocketFrame, _ before: (bytes: Int, fragments: Int)) -> FrameFault? {
        let bytes = before.bytes + frame.length
        let fragments = before.fragments + 1
        guard bytes <= Self.sizeLimit else { return frame.length > Self.sizeLimit ? .longFrame : .longMessage }
        guard fragments < Self.fragmentLimit || frame.fin else { return .manyFragments }
        partial = frame.fin ? nil : (bytes, fragments)
        return nil
    }

    /// Section 7.4: what may be sent. 1004 to 1006 and 1015 may not, nor what nobody has defined.
    private static func fault(ofClose data: ByteBuffer) -> FrameFault? {
        var data = data
        guard data.readableBytes > 0 else { return nil }
        guard let code = data.readInteger(as: UInt16.self) else { return .shortClose }
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: break
        default: return .closeCode(code)
        }
        return String(validating: data.readableBytesView, as: UTF8.self) == nil ? .closeText : nil
    }
}
