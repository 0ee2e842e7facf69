import NIOCore

/// Writes unmasked WebSocket frames straight into a buffer, so that many of them leave in one write.
enum ServerFrame {
    static let maximumHeaderLength = 10

    static func writeHeader(text length: Int, into buffer: inout ByteBuffer) {
        self.writeHeader(firstByte: 0x81, length: length, into: &buffer)
    }

    static func writeHeader(binary length: Int, into buffer: inout ByteBuffer) {
        self.writeHeader(firstByte: 0x82, length: length, into: &buffer)
    }

    static func writePong(_ payload: ByteBuffer, into buffer: inout ByteBuffer) {
        self.writeHeader(firstByte: 0x8A, length: payload.readableBytes, into: &buffer)
        buffer.writeImmutableBuffer(payload)
    }

    static func writeClose(code: UInt16, into buffer: inout ByteBuffer) {
        self.writeHeader(firstByte: 0x88, length: 2, into: &buffer)
        buffer.writeInteger(code)
    }

    /// A text frame of `length` bytes, which `content` writes.
    static func write(text length: Int, into buffer: inout ByteBuffer, content: (inout ByteCursor) -> Void) {
        buffer.write(atMost: self.maximumHeaderLength + length) { cursor in
            self.writeHeader(firstByte: 0x81, length: length, into: &cursor)
            content(&cursor)
        }
    }

    private static func writeHeader(firstByte: UInt8, length: Int, into buffer: inout ByteBuffer) {
        buffer.write(atMost: self.maximumHeaderLength) { self.writeHeader(firstByte: firstByte, length: length, into: &$0) }
    }

    private static func writeHeader(firstByte: UInt8, length: Int, into cursor: inout ByteCursor) {
        cursor.write(firstByte)
        switch length {
        case ...125: cursor.write(UInt8(length))
        case ...0xFFFF:
            cursor.write(126 as UInt8)
            cursor.write(UInt16(length))
        default:
            cursor.write(127 as UInt8)
            cursor.write(UInt64(length))
        }
    }
}
