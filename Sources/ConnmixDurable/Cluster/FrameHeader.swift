internal import NIOCore

/// What stands before a frame's content.
struct FrameHeader: Equatable {
    var isFinal: Bool
    var hasReservedBits: Bool
    var opcode: UInt8
    var isMasked: Bool
    /// Of the content, in bytes; as large as a number can be where it is larger.
    var length: Int

    /// Where the content of a message is.
    var isControl: Bool { opcode & 0x08 != 0 }

    /// - Returns: `nil`, and nothing is read, where the header is not there yet. The key of a mask is no part of it: a server has none.
    static func read(from buffer: inout ByteBuffer) -> FrameHeader? {
        let start = buffer.readerIndex
        guard let first = buffer.getInteger(at: start, as: UInt8.self),
            let second = buffer.getInteger(at: start + 1, as: UInt8.self)
        else { return nil }
        let length: Int
        switch second & 0x7F {
        case 126:
            guard let word = buffer.getInteger(at: start + 2, as: UInt16.self) else { return nil }
            length = Int(word)
            buffer.moveReaderIndex(forwardBy: 4)
        case 127:
            guard let word = buffer.getInteger(at: start + 2, as: UInt64.self) else { return nil }
            length = Int(clamping: word)
            buffer.moveReaderIndex(forwardBy: 10)
        case let short:
            length = Int(short)
            buffer.moveReaderIndex(forwardBy: 2)
        }
        return FrameHeader(
            isFinal: first & 0x80 != 0, hasReservedBits: first & 0x70 != 0, opcode: first & 0x0F, isMasked: second & 0x80 != 0,
            length: length)
    }
}
