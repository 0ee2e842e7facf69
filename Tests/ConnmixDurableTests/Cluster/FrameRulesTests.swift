import NIOCore
import NIOWebSocket
import Testing

@testable import ConnmixDurable

@Suite("what the WebSocket standard forbids")
struct FrameRulesTests {
    private func frame(_ opcode: UInt8, length: Int = 0, fin: Bool = true, rsv: Bool = false, mask: Bool = false) -> FrameHeader {
        FrameHeader(isFinal: fin, hasReservedBits: rsv, opcode: opcode, isMasked: mask, length: length)
    }

    private func close(_ code: UInt16, _ reason: [UInt8] = []) -> ByteBuffer {
        var content = ByteBuffer(integer: code)
        content.writeBytes(reason)
        return content
    }

    @Test("whole messages, fragments with control frames between them, and goodbyes pass")
    func allowed() throws {
        var rules = FrameRules()
        for frame in [
            frame(1, length: 4), frame(2, length: 6), frame(1), frame(1, length: 1, fin: false), frame(9, length: 4),
            frame(0, fin: false), frame(10), frame(0, length: 1), frame(2, length: 1, fin: false), frame(0),
            frame(1, length: FrameRules.sizeLimit), frame(8), frame(8, length: 2), frame(9, length: 125),
        ] { #expect(rules.fault(of: frame) == nil) }
        for code: UInt16 in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999] {
            #expect(FrameRules.fault(ofClose: close(code, Array("why".utf8))) == nil)
        }
        #expect(FrameRules.fault(ofClose: ByteBuffer()) == nil)
    }

    @Test("each forbidden frame has its fault")
    func forbidden() throws {
        func fault(_ frames: FrameHeader...) -> FrameFault? {
            var rules = FrameRules()
            return frames.lazy.compactMap { rules.fault(of: $0) }.first
        }
        #expect(fault(frame(1, length: 1, rsv: true)) == .reservedBits(opcode: 1))
        // Joined with others, the bits would be forgotten.
        #expect(fault(frame(1, length: 1, fin: false), frame(0, length: 1, rsv: true)) == .reservedBits(opcode: 0))
        for opcode: UInt8 in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            #expect(fault(frame(opcode)) == .unknownOpcode(opcode))
        }
        #expect(fault(frame(1, length: 1, mask: true)) == .masked)
        #expect(fault(frame(9, mask: true)) == .masked)
        #expect(fault(frame(9, fin: false)) == .fragmentedControl)
        #expect(fault(frame(9, length: 126)) == .longControl)
        #expect(fault(frame(0, length: 1)) == .strayContinuation)
        #expect(fault(frame(1, length: 1, fin: false), frame(0), frame(0)) == .strayContinuation)
        #expect(fault(frame(1, length: 1, fin: false), frame(1, length: 1)) == .unfinishedMessage)
        #expect(fault(frame(1, length: FrameRules.sizeLimit + 1)) == .longFrame)
        #expect(fault(frame(1, length: 1, fin: false), frame(0, length: .max)) == .longFrame)
        #expect(FrameRules.fault(ofClose: ByteBuffer(string: "x")) == .shortClose)
        for code: UInt16 in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, .max] {
            #expect(FrameRules.fault(ofClose: close(code)) == .closeCode(code))
        }
        #expect(FrameRules.fault(ofClose: close(1000, [0xFF])) == .closeText)
    }

    @Test("a message in fragments is bounded in bytes and in fragments")
    func bounded() throws {
        var rules = FrameRules()
        #expect(rules.fault(of: frame(2, length: FrameRules.sizeLimit / 2, fin: false)) == nil)
        #expect(rules.fault(of: frame(0, length: FrameRules.sizeLimit / 2, fin: false)) == nil)
        #expect(rules.fault(of: frame(0, length: 1)) == .longMessage)
        var many = FrameRules()
        #expect(many.fault(of: frame(1, fin: false)) == nil)
        let fault = (0..<FrameRules.fragmentLimit).lazy.compactMap { _ in many.fault(of: frame(0, fin: false)) }.first
        #expect(fault == .manyFragments)
    }

    @Test("faults say what, and with which code the connection ends")
    func words() {
        #expect(FrameFault.masked.code == .protocolError)
        #expect(FrameFault.longFrame.code == .messageTooLarge)
        #expect(FrameFault.closeText.code == .dataInconsistentWithMessage)
        #expect(
            FrameFault.longFrame.brief
                == "the engine sent a frame of more than 67108864 bytes; the connection was closed")
        #expect(
            FrameFault.unknownOpcode(11).brief == "the engine broke the WebSocket standard with a frame of the unknown type 11")
    }
}
