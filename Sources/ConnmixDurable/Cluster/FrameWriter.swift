internal import Glibc
internal import NIOCore
internal import NIOWebSocket

/// Writes frames of a client, masked as the standard wants it of one, one behind the other into the same buffer. Pure but for chance.
///
/// A frame's content is written where it stays, and masked there once its length is known: a batch of commands is one buffer and one
/// write. With NIO's encoder each was a buffer, two writes and a pass byte by byte.
struct FrameWriter {
    private var keys = MaskKeys()

    /// The header of a content of 126 to 65535 bytes: that of most commands.
    private static let usualHeader = 8

    mutating func write(_ opcode: WebSocketOpcode, into buffer: inout ByteBuffer, _ content: (inout ByteBuffer) -> Void) {
        let start = buffer.writerIndex
        buffer.writeRepeatingByte(0, count: Self.usualHeader)
        content(&buffer)
        let length = buffer.writerIndex - start - Self.usualHeader
        let header = length <= 125 ? 6 : length <= 0xFFFF ? Self.usualHeader : 14
        if header > Self.usualHeader { buffer.writeRepeatingByte(0, count: header - Self.usualHeader) }
        let key = keys.next()
        let before = start - buffer.readerIndex
        buffer.withUnsafeMutableReadableBytes { bytes in
            let frame = UnsafeMutableRawBufferPointer(rebasing: bytes[before...])
            if header != Self.usualHeader, let base = frame.baseAddress {
                memmove(base + header, base + Self.usualHeader, length)
            }
            Self.fill(frame, UInt8(webSocketOpcode: opcode), length: length, header: header, key: key)
            Self.mask(UnsafeMutableRawBufferPointer(rebasing: frame[header..<header + length]), with: key)
        }
        if header < Self.usualHeader { buffer.moveWriterIndex(to: start + header + length) }
    }

    mutating func frame(_ opcode: WebSocketOpcode, _ content: (inout ByteBuffer) -> Void) -> ByteBuffer {
        var buffer = ByteBuffer()
        write(opcode, into: &buffer, content)
        return buffer
    }

    /// A WebSocket ping and a text one: nobody knows which one resets the engine's read timeout.
    ///
    /// - Parameter id: of the request that is the text ping in the older dialect; in the other one it has none.
    mutating func pings(id: Int64?) -> ByteBuffer {
        var buffer = frame(.ping) { _ in }
        write(.text, into: &buffer) { buffer in
            if let id {
                RequestEncoder.ping(id: id, into: &buffer)
            } else {
                buffer.writeStaticString("ping")
            }
        }
        return buffer
    }

    /// - Parameter code: what the goodbye says, where the end alone does not tell.
    mutating func goodbye(_ end: Disconnection, code: WebSocketErrorCode?) -> ByteBuffer {
        frame(.connectionClose) { $0.write(webSocketErrorCode: code ?? end.webSocketCode) }
    }

    private static func fill(
        _ frame: UnsafeMutableRawBufferPointer, _ opcode: UInt8, length: Int, header: Int, key: UInt32
    ) {
        frame[0] = 0x80 | opcode
        switch header {
        case 6:
            frame[1] = 0x80 | UInt8(length)
        case usualHeader:
            frame[1] = 0x80 | 126
            frame.storeBytes(of: UInt16(length).bigEndian, toByteOffset: 2, as: UInt16.self)
        default:
            frame[1] = 0x80 | 127
            frame.storeBytes(of: UInt64(length).bigEndian, toByteOffset: 2, as: UInt64.self)
        }
        frame.storeBytes(of: key, toByteOffset: header - 4, as: UInt32.self)
    }

    /// Eight bytes at a time. The key is four bytes as they lie in memory.
    private static func mask(_ content: UnsafeMutableRawBufferPointer, with key: UInt32) {
        let wide = UInt64(key) << 32 | UInt64(key)
        var index = 0
        while index + 8 <= content.count {
            let word = content.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            content.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        withUnsafeBytes(of: key) { key in
            while index < content.count {
                content[index] ^= key[index & 3]
                index += 1
            }
        }
    }
}

extension Disconnection {
    fileprivate var webSocketCode: WebSocketErrorCode {
        switch cause {
        case .wanted: isClean ? .normalClosure : .goingAway
        case .peer, .silence: .goingAway
        case .violation: .protocolError
        }
    }
}
