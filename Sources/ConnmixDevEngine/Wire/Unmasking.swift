import NIOCore
import NIOWebSocket

/// Takes the mask off a frame's data (RFC 6455, section 5.3), eight bytes at a time, and without an allocation while nobody keeps the last one's.
struct Unmasking {
    /// More is not kept for the next frame.
    private static let keptCapacity = 64 << 10

    private var kept = ByteBuffer()

    mutating func unmask(_ data: ByteBuffer, _ key: WebSocketMaskingKey) -> ByteBuffer {
        guard data.readableBytes <= Self.keptCapacity else {
            var result = ByteBuffer()
            Self.write(data, key, into: &result)
            return result
        }
        // Who still has the last frame's data keeps it: then this is a new one.
        self.kept.clear(minimumCapacity: data.readableBytes)
        Self.write(data, key, into: &self.kept)
        return self.kept
    }

    private static func write(_ data: ByteBuffer, _ key: WebSocketMaskingKey, into result: inout ByteBuffer) {
        let bytes = UInt64(key[0]) | UInt64(key[1]) << 8 | UInt64(key[2]) << 16 | UInt64(key[3]) << 24
        let mask = bytes << 32 | bytes
        let length = data.readableBytes
        data.withUnsafeReadableBytes { source in
            _ = result.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
                var index = 0
                while index + 8 <= length {
                    let word = source.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ mask.littleEndian
                    target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                while index < length {
                    target[index] = source[index] ^ UInt8(truncatingIfNeeded: mask >> UInt64(index % 4 * 8))
                    index += 1
                }
                return length
            }
        }
    }
}
