internal import Glibc
internal import NIOCore
internal import NIOWebSocket

/// Renders masked WebSocket frames one after the other into one buffer, so that a batch of commands is one write.
struct FrameWriter {
    private var buffer = ByteBuffer()
    private var keys = MaskKeys()
    /// A buffer that grew beyond this is not kept.
    private static let keptCapacity = 1 << 20

    mutating func text(_ render: (inout ByteBuffer) -> Void) {
        frame(.text, render)
    }

    /// A whole message in one frame (https://www.rfc-editor.org/rfc/rfc6455#section-5.2).
    mutating func frame(_ opcode: WebSocketOpcode, _ render: (inout ByteBuffer) -> Void) {
        // Room for the short header; payloads of other lengths are moved.
        let start = buffer.writerIndex
        let shortHeader = 8
        buffer.writeRepeatingByte(0, count: shortHeader)
        render(&buffer)
        let length = buffer.writerIndex - start - shortHeader
        let key = keys.next()
        var header = start
        switch length {
        case ..<126:
            // Two bytes shorter than the room that was left.
            shift(from: start + shortHeader, length: length, by: -2)
            buffer.setInteger(0x80 | UInt8(length), at: start + 1)
            header += 2
        case ...Int(UInt16.max):
            buffer.setInteger(0x80 | 126 as UInt8, at: start + 1)
            buffer.setInteger(UInt16(length), at: start + 2)
            header += 4
        default:
            shift(from: start + shortHeader, length: length, by: 6)
            buffer.setInteger(0x80 | 127 as UInt8, at: start + 1)
            buffer.setInteger(UInt64(length), at: start + 2)
            header += 10
        }
        buffer.setInteger(0x80 | UInt8(webSocketOpcode: opcode), at: start)
        buffer.setInteger(key, at: header)
        mask(from: header + 4, length: length, key)
    }

    /// All frames since the last time.
    mutating func take() -> ByteBuffer? {
        guard buffer.readableBytes > 0 else { return nil }
        let frames = buffer
        buffer = ByteBuffer()
        buffer.reserveCapacity(min(frames.readableBytes, Self.keptCapacity))
        return frames
    }

    private mutating func shift(from place: Int, length: Int, by distance: Int) {
        if distance > 0 { buffer.writeRepeatingByte(0, count: distance) }
        buffer.withUnsafeMutableReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            memmove(base + place + distance, base + place, length)
        }
        if distance < 0 { buffer.moveWriterIndex(to: buffer.writerIndex + distance) }
    }

    private mutating func mask(from place: Int, length: Int, _ key: UInt32) {
        let word = key.bigEndian
        let wide = UInt64(word) << 32 | UInt64(word)
        buffer.withUnsafeMutableReadableBytes { bytes in
            var index = place
            let end = place + length
            while index + 8 <= end {
                let masked = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
                bytes.storeBytes(of: masked, toByteOffset: index, as: UInt64.self)
                index += 8
            }
            while index < end {
                bytes[index] ^= UInt8(truncatingIfNeeded: key >> UInt32(24 - 8 * ((index - place) & 3)))
                index += 1
            }
        }
    }
}

/// Masking keys "derived from a strong source of entropy" (https://www.rfc-editor.org/rfc/rfc6455#section-5.3): the
/// kernel's, asked for many at a time.
private struct MaskKeys {
    private var left: [UInt32] = []

    mutating func next() -> UInt32 {
        if let key = left.popLast() { return key }
        // Up to 256 bytes come at once or not at all (getentropy(3)).
        left = [UInt32](repeating: 0, count: 64)
        let result = left.withUnsafeMutableBytes { getentropy($0.baseAddress!, $0.count) }
        guard result == 0 else {
            left = []
            return .random(in: 0...UInt32.max)
        }
        return left.removeLast()
    }
}
