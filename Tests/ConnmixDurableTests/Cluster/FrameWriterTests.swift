import NIOCore
import NIOWebSocket
import Testing

@testable import ConnmixDurable

@Suite("frames that a client writes")
struct FrameWriterTests {
    /// What a server reads, word for word as RFC 6455 says in section 5.2.
    private func read(_ bytes: ByteBuffer) throws -> [WebSocketFrame] {
        var bytes = bytes
        var frames: [WebSocketFrame] = []
        while bytes.readableBytes > 0 { frames.append(try #require(Self.frame(&bytes))) }
        return frames
    }

    private static func frame(_ bytes: inout ByteBuffer) -> WebSocketFrame? {
        guard let (first, second) = bytes.readMultipleIntegers(as: (UInt8, UInt8).self) else { return nil }
        #expect(second & 0x80 != 0, "a client masks")
        var length = Int(second & 0x7F)
        switch length {
        case 126:
            length = bytes.readInteger(as: UInt16.self).map(Int.init) ?? 0
            #expect(length > 125, "the shortest form is asked for")
        case 127:
            length = bytes.readInteger(as: UInt64.self).map(Int.init) ?? 0
            #expect(length > 0xFFFF, "the shortest form is asked for")
        default: break
        }
        guard let key = bytes.readBytes(length: 4).flatMap({ WebSocketMaskingKey($0) }),
            let data = bytes.readSlice(length: length),
            let opcode = WebSocketOpcode(encodedWebSocketOpcode: first & 0x0F)
        else { return nil }
        return WebSocketFrame(fin: first & 0x80 != 0, opcode: opcode, maskKey: key, data: data)
    }

    @Test("one behind the other in one buffer, of every size at which a header changes")
    func sizes() throws {
        var writer = FrameWriter()
        var buffer = ByteBuffer()
        let sizes = [0, 1, 7, 8, 9, 124, 125, 126, 127, 200, 0xFFFE, 0xFFFF, 0x1_0000, 0x1_0001, 3]
        for size in sizes {
            writer.write(.text, into: &buffer) { buffer in
                buffer.writeBytes((0..<size).map { UInt8($0 % 251) })
            }
        }
        let frames = try read(buffer)
        #expect(frames.map(\.length) == sizes)
        for (frame, size) in zip(frames, sizes) {
            #expect(frame.fin && frame.opcode == .text)
            #expect(Array(frame.unmaskedData.readableBytesView) == (0..<size).map { UInt8($0 % 251) })
        }
    }

    @Test("behind bytes that somebody has read already")
    func readBefore() throws {
        var writer = FrameWriter()
        var buffer = ByteBuffer(string: "read")
        buffer.moveReaderIndex(forwardBy: 4)
        writer.write(.binary, into: &buffer) { $0.writeRepeatingByte(1, count: 70_000) }
        writer.write(.pong, into: &buffer) { $0.writeStaticString("pong") }
        let frames = try read(buffer)
        #expect(frames.map(\.opcode) == [.binary, .pong])
        #expect(frames.map { String(buffer: $0.unmaskedData).count } == [70_000, 4])
    }

    @Test("pings of both dialects and goodbyes")
    func control() throws {
        var writer = FrameWriter()
        let pings = try read(writer.pings(id: nil)) + read(writer.pings(id: 7))
        #expect(pings.map(\.opcode) == [.ping, .text, .ping, .text])
        #expect(
            pings.map { String(buffer: $0.unmaskedData) } == ["", "ping", "", #"{"m":"server.ping","p":[],"i":7}"#])
        let ends: [(Disconnection, WebSocketErrorCode?, UInt16)] = [
            (Disconnection(cause: .wanted, reason: "left", isClean: true), nil, 1000),
            (Disconnection(cause: .wanted, reason: "stopped"), nil, 1001),
            (Disconnection(cause: .silence, reason: "silent"), nil, 1001),
            (Disconnection(cause: .violation, reason: "nonsense"), nil, 1002),
            (Disconnection(cause: .violation, reason: "too large"), .messageTooLarge, 1009),
        ]
        for (end, code, wanted) in ends {
            var content = try #require(try read(writer.goodbye(end, code: code)).first).unmaskedData
            #expect(content.readInteger(as: UInt16.self) == wanted)
        }
    }

    @Test("no two masks are the same, over several stocks of them")
    func masks() {
        var keys = MaskKeys()
        // Of 500 in 2^32 two are the same once in 34,000 runs; ten once in no time at all.
        #expect(Set((0..<500).map { _ in keys.next() }).count > 490)
    }
}
