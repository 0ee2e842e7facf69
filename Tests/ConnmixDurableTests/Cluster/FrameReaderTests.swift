import NIOCore
import NIOWebSocket
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("frames in what a socket brings")
struct FrameReaderTests {
    /// A frame as a server writes it.
    private func frame(_ opcode: UInt8, _ content: [UInt8], fin: Bool = true) -> [UInt8] {
        let first = (fin ? 0x80 : 0) | opcode
        switch content.count {
        case ...125: return [first, UInt8(content.count)] + content
        case ...0xFFFF: return [first, 126, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
        default: return [first, 127] + (0..<8).map { UInt8(content.count >> (56 - 8 * $0) & 0xFF) } + content
        }
    }

    private func bytes(_ count: Int, from first: Int = 0) -> [UInt8] { (first..<first + count).map { UInt8($0 % 251) } }

    private func read(_ reader: inout FrameReader) throws -> [(UInt8, [UInt8])] {
        var found: [(UInt8, [UInt8])] = []
        while let frame = try reader.next() {
            found.append((UInt8(webSocketOpcode: frame.opcode), Array(frame.content.readableBytesView)))
        }
        return found
    }

    /// Of every size at which a header changes, whole and in fragments, with a ping between those.
    private var conversation: (stream: [UInt8], frames: [(UInt8, [UInt8])]) {
        var stream: [UInt8] = []
        var frames: [(UInt8, [UInt8])] = []
        for size in [0, 1, 125, 126, 127, 300, 0xFFFF, 0x1_0000] {
            stream += frame(1, bytes(size))
            frames.append((1, bytes(size)))
        }
        stream += frame(2, bytes(10), fin: false) + frame(0, [])
        frames.append((2, bytes(10)))
        stream += frame(1, bytes(200), fin: false) + frame(9, bytes(3)) + frame(0, bytes(130, from: 200), fin: false)
        stream += frame(0, bytes(1, from: 330))
        frames += [(9, bytes(3)), (1, bytes(331))]
        stream += frame(10, []) + frame(8, [3, 0xE8])
        frames += [(10, []), (8, [3, 0xE8])]
        return (stream, frames)
    }

    private func expect(_ found: [(UInt8, [UInt8])], _ wanted: [(UInt8, [UInt8])]) {
        #expect(found.map(\.0) == wanted.map(\.0))
        #expect(zip(found, wanted).allSatisfy { $0.1 == $1.1 })
    }

    @Test("all at once, byte by byte, and cut anywhere, the same frames come out")
    func cuts() throws {
        let (stream, frames) = conversation
        var whole = FrameReader()
        whole.append(ByteBuffer(bytes: stream))
        expect(try read(&whole), frames)
        var single = FrameReader()
        var found: [(UInt8, [UInt8])] = []
        for byte in stream {
            single.append(ByteBuffer(integer: byte))
            found += try read(&single)
        }
        expect(found, frames)
        var generator = SeededGenerator(for: "cuts")
        for _ in 0..<50 {
            var reader = FrameReader()
            var found: [(UInt8, [UInt8])] = []
            var rest = stream[...]
            while !rest.isEmpty {
                let size = min(
                    rest.count, Int.random(in: 1...([4, 300, 100_000].randomElement(using: &generator) ?? 1), using: &generator))
                reader.append(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
                // Sometimes more comes before anybody reads.
                if Bool.random(using: &generator) { found += try read(&reader) }
            }
            found += try read(&reader)
            expect(found, frames)
        }
    }

    @Test("what was read stays as it was when more is written behind it")
    func slices() throws {
        var reader = FrameReader()
        reader.append(ByteBuffer(bytes: frame(1, bytes(100)) + frame(1, bytes(50)).prefix(20)))
        let first = try #require(try reader.next())
        #expect(try reader.next() == nil)
        for byte in frame(1, bytes(50)).dropFirst(20) { reader.append(ByteBuffer(integer: byte)) }
        let second = try #require(try reader.next())
        #expect(Array(first.content.readableBytesView) == bytes(100))
        #expect(Array(second.content.readableBytesView) == bytes(50))
    }

    @Test("a forbidden frame is noticed at its header, and nothing after it is read")
    func faults() throws {
        var reader = FrameReader()
        reader.append(ByteBuffer(bytes: frame(1, [7]) + [0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]))
        #expect(try reader.next()?.content == ByteBuffer(bytes: [7]))
        #expect(throws: FrameFault.longFrame) { try reader.next() }
        reader.append(ByteBuffer(bytes: frame(1, [8])))
        #expect(try reader.next() == nil)
        var closed = FrameReader()
        closed.append(ByteBuffer(bytes: frame(8, [3, 0xED]) + frame(1, [8])))
        #expect(throws: FrameFault.closeCode(1005)) { try closed.next() }
        #expect(try closed.next() == nil)
    }
}
