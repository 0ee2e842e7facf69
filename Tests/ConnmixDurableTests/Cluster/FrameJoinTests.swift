import NIOCore
import NIOWebSocket
import Testing

@testable import ConnmixDurable

@Suite("joining frames")
struct FrameJoinTests {
    private func frame(_ opcode: WebSocketOpcode, _ text: String, fin: Bool = true) -> WebSocketFrame {
        WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(string: text))
    }

    private func take(_ frames: [WebSocketFrame]) throws -> [String] {
        var join = FrameJoin()
        return try frames.compactMap { try join.take($0) }.map { "\($0.opcode == .text) \(String(buffer: $0.content))" }
    }

    @Test("fragments are one message, with control frames between them")
    func fragments() throws {
        let found = try take([
            frame(.text, "whole"), frame(.text, "a", fin: false), frame(.ping, "?"), frame(.continuation, "b", fin: false),
            frame(.continuation, "c"), frame(.binary, "", fin: false), frame(.continuation, ""),
        ])
        #expect(found == ["true whole", "false ?", "true abc", "false "])
    }

    @Test("the pieces of a message do not change what was read from them")
    func copies() throws {
        var join = FrameJoin()
        let first = frame(.text, "first", fin: false)
        _ = try join.take(first)
        #expect(try join.take(frame(.continuation, " second"))?.content == ByteBuffer(string: "first second"))
        #expect(first.data == ByteBuffer(string: "first"))
    }

    @Test("after a fault nothing is taken")
    func faults() throws {
        var join = FrameJoin()
        #expect(throws: FrameFault.strayContinuation) { try join.take(frame(.continuation, "x")) }
        #expect(try join.take(frame(.text, "late")) == nil)
    }
}
