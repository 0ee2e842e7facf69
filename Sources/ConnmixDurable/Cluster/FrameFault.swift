internal import NIOWebSocket

/// What a peer does that the WebSocket standard (RFC 6455) forbids, or that is beyond what is taken.
enum FrameFault: Error, Equatable {
    case reservedBits(opcode: UInt8)
    case unknownOpcode(UInt8)
    case masked
    case fragmentedControl
    case longControl
    case strayContinuation
    /// A new message began before the last one had ended.
    case unfinishedMessage
    /// The payload of a close frame is empty or begins with a code of two bytes.
    case shortClose
    case closeCode(UInt16)
    case closeText
    case longFrame
    case longMessage
    case manyFragments

    /// What the standard wants the goodbye to say.
    var code: WebSocketErrorCode {
        switch self {
        case .longFrame, .longMessage, .manyFragments: .messageTooLarge
        case .closeText: .dataInconsistentWithMessage
        case .reservedBits, .unknownOpcode, .masked, .fragmentedControl, .longControl, .strayContinuation, .unfinishedMessage,
            .shortClose, .closeCode:
            .protocolError
        }
    }

    /// It was not taken for its size alone: a message may be in it, which the engine has no more.
    var mayHideMessage: Bool {
        switch self {
        case .longFrame, .longMessage, .manyFragments: true
        case .reservedBits, .unknownOpcode, .masked, .fragmentedControl, .longControl, .strayContinuation, .unfinishedMessage,
            .shortClose, .closeCode, .closeText:
            false
        }
    }

    /// What NIO's decoder notices by itself, in our words; `nil` where the error is none of a frame.
    init?(_ error: any Error) {
        switch error {
        case let fault as FrameFault: self = fault
        case NIOWebSocketError.invalidFrameLength: self = .longFrame
        case NIOWebSocketError.fragmentedControlFrame: self = .fragmentedControl
        case NIOWebSocketError.multiByteControlFrameLength: self = .longControl
        default: return nil
        }
    }
}

extension FrameFault: CustomStringConvertible {
    var description: String {
        let what =
            switch self {
            case .reservedBits(let opcode): "a frame of type \(opcode) with reserved bits, and no extension was agreed on"
            case .unknownOpcode(let opcode): "a frame of the unknown type \(opcode)"
            case .masked: "a masked frame, as only clients may"
            case .fragmentedControl: "a control frame in fragments"
            case .longControl: "a control frame of more than 125 bytes"
            case .strayContinuation: "a continuation of no message"
            case .unfinishedMessage: "a new message before the last one had ended"
            case .shortClose: "a close frame with half a code"
            case .closeCode(let code): "a close frame with the code \(code), which may not be sent"
            case .closeText: "a close frame whose reason is not UTF-8"
            case .longFrame: "a frame of more than \(FrameRules.sizeLimit) bytes"
            case .longMessage: "a message of more than \(FrameRules.sizeLimit) bytes"
            case .manyFragments: "a message in more than \(FrameRules.fragmentLimit) fragments"
            }
        return switch code {
        case .messageTooLarge: "the engine sent \(what); the connection was closed"
        default: "the engine broke the WebSocket standard with \(what)"
        }
    }
}
