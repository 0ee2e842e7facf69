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

    private static func writeHeader(firstByte: UInt8, length: Int, into buffer: inout ByteBuffer) {
        switch length {
        case ...125: buffer.writeMultipleIntegers(firstByte, UInt8(length))
        case ...0xFFFF: buffer.writeMultipleIntegers(firstByte, 126 as UInt8, UInt16(length))
        default: buffer.writeMultipleIntegers(firstByte, 127 as UInt8, UInt64(length))
        }
    }
}
