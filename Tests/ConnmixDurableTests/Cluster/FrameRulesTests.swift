import NIOCore
import NIOWebSocket
import Testing

@testable import ConnmixDurable

@Suite("what the WebSocket standard forbids")
struct FrameRulesTests {
    private func frame(
        _ opcode: UInt8, _ text: String = "", fin: Bool = true, rsv: Int = 0, mask: WebSocketMaskingKey? = nil
    ) throws -> WebSocketFrame {
        WebSocketFrame(
            fin: fin, rsv1: rsv == 1, rsv2: rsv == 2, rsv3: rsv == 3,
            opcode: try #require(WebSocketOpcode(encodedWebSocketOpcode: opcode)), maskKey: mask, data: ByteBuffer(string: text))
    }

    private func close(_ code: UInt16, _ reason: [UInt8] = []) throws -> WebSocketFrame {
        var frame = try frame(8)
        frame.data.writeInteger(code)
        frame.data.writeBytes(reason)
        return frame
    }

    @Test("whole messages, fragments with control frames between them, and goodbyes pass")
    func allowed() throws {
        var rules = FrameRules()
        for frame in try [
            frame(1, "text"), frame(2, "binary"), frame(1), frame(1, "a", fin: false), frame(9, "ping"), frame(0, fin: false),
            frame(10), frame(0, "b"), frame(2, "c", fin: false), frame(0), frame(1, "\u{e9}"), frame(8),
            frame(9, String(repeating: "p", count: 125)),
        ] { #expect(rules.fault(of: frame) == nil) }
        for code: UInt16 in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999] {
            #expect(rules.fault(of: try close(code, Array("why".utf8))) == nil)
        }
    }

    @Test("each forbidden frame has its fault")
    func forbidden() throws {
        func fault(_ frames: WebSocketFrame...) -> FrameFault? {
            var rules = FrameRules()
            return frames.lazy.compactMap { rules.fault(of: $0) }.first
        }
        for rsv in 1...3 {
            #expect(fault(try frame(1, "x", rsv: rsv)) == .reservedBits(opcode: 1))
            // Joined with others, the bits would be forgotten.
            #expect(fault(try frame(1, "x", fin: false), try frame(0, "x", rsv: rsv)) == .reservedBits(opcode: 0))
        }
        for opcode: UInt8 in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            #expect(fault(try frame(opcode)) == .unknownOpcode(opcode))
        }
        #expect(fault(try frame(1, "x", mask: [1, 2, 3, 4])) == .masked)
        #expect(fault(try frame(9, mask: [1, 2, 3, 4])) == .masked)
        #expect(fault(try frame(9, fin: false)) == .fragmentedControl)
        #expect(fault(try frame(9, String(repeating: "p", count: 126))) == .longControl)
        #expect(fault(try frame(0, "x")) == .strayContinuation)
        #expect(fault(try frame(1, "a", fin: false), try frame(0), try frame(0)) == .strayContinuation)
        #expect(fault(try frame(1, "a", fin: false), try frame(1, "b")) == .unfinishedMessage)
        #expect(fault(try frame(8, "x")) == .shortClose)
        for code: UInt16 in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, .max] {
            #expect(fault(try close(code)) == .closeCode(code))
        }
        #expect(fault(try close(1000, [0xFF])) == .closeText)
    }

    @Test("a message in fragments is bounded in bytes and in fragments")
    func bounded() throws {
        var rules = FrameRules()
        var half = try frame(2, fin: false)
        half.data = ByteBuffer(repeating: 0, count: FrameRules.sizeLimit / 2)
        #expect(rules.fault(of: half) == nil)
        half.opcode = .continuation
        #expect(rules.fault(of: half) == nil)
        #expect(rules.fault(of: try frame(0, "x")) == .longMessage)
        var many = FrameRules()
        #expect(many.fault(of: try frame(1, fin: false)) == nil)
        let empty = try frame(0, fin: false)
        let fault = (0..<FrameRules.fragmentLimit).lazy.compactMap { _ in many.fault(of: empty) }.first
        #expect(fault == .manyFragments)
    }

    @Test("faults say what, and with which code the connection ends; NIO's own are the same")
    func words() {
        #expect(FrameFault.masked.code == .protocolError)
        #expect(FrameFault.longFrame.code == .messageTooLarge)
        #expect(FrameFault.closeText.code == .dataInconsistentWithMessage)
        #expect(FrameFault(NIOWebSocketError.invalidFrameLength) == .longFrame)
        #expect(FrameFault(NIOWebSocketError.fragmentedControlFrame) == .fragmentedControl)
        #expect(FrameFault(NIOWebSocketError.multiByteControlFrameLength) == .longControl)
        #expect(FrameFault(ChannelError.ioOnClosedChannel) == nil)
        #expect(
            NIOWebSocketError.invalidFrameLength.brief
                == "the engine sent a frame of more than 67108864 bytes; the connection was closed")
        #expect(
            FrameFault.unknownOpcode(11).brief == "the engine broke the WebSocket standard with a frame of the unknown type 11")
    }
}
