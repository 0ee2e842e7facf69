import NIOCore

enum UTF8Check {
    /// Whether the readable bytes are UTF-8, as RFC 6455 section 8.1 asks of a text frame.
    static func isValid(_ buffer: ByteBuffer) -> Bool {
        buffer.withUnsafeReadableBytes { bytes in
            var index = 0
            while index + 8 <= bytes.count {
                guard bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0 else {
                    break
                }
                index += 8
            }
            while index < bytes.count, bytes[index] < 0x80 { index += 1 }
            guard index < bytes.count else { return true }
            return String(validating: bytes[index...], as: UTF8.self) != nil
        }
    }
}
