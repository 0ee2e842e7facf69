import NIOCore
import Testing

@testable import ConnmixDurable

@Suite("P12: texts from outside are bounded by bytes")
struct BoundedTextTests {
    @Test(
        "a text is cut at so many bytes, and no scalar is split",
        arguments: [
            ("", 5, ""), ("abc", 3, "abc"), ("abcd", 3, "abc"), ("äöü", 3, "ä"), ("äöü", 4, "äö"), ("😀😀", 7, "😀"), ("😀", 3, ""),
            ("e\u{301}\u{301}", 3, "e\u{301}"), ("a\r\nb", 2, "a\r"),
        ])
    func cut(text: String, limit: Int, wanted: String) {
        #expect(Array(text.bounded(toBytes: limit).utf8) == Array(wanted.utf8))
        #expect(Array(text.dropFirst(0).bounded(toBytes: limit).utf8) == Array(wanted.utf8))
    }

    /// One character for `prefix`, two megabytes for everybody else.
    private let marks = "e" + String(repeating: "\u{301}", count: 1_000_000)

    @Test("a base with a million combining marks is as bounded as any text")
    func combining() throws {
        #expect(marks.count == 1)
        #expect(marks.boundedError.utf8.count <= 4_096)
        var generator = SystemRandomNumberGenerator()
        let verdict = CommandRetryPolicy().verdict(
            EngineErrorCode(rawValue: 101), message: marks, kind: .publish(channel: "c"), attempts: 1, isOwner: false,
            using: &generator)
        guard case .dead(let reason) = verdict else { return #expect(Bool(false)) }
        #expect(reason.utf8.count < 1_000)
        #expect(Quoted.address(marks).utf8.count <= 200)
        struct Words: Error, CustomStringConvertible { let description: String }
        #expect(Words(description: marks).brief.utf8.count <= 500)
        #expect(throws: ConnmixError.self) { try NodeAddress(String(repeating: "a", count: 300) + ":1") }
    }

    @Test("what a frame says of itself is bounded: unknown events, errors, the node's name")
    func frames() {
        let event = FrameDecoder.decode(ByteBuffer(string: #"{"e":"\#(marks)"}"#))
        guard case .unknown(let reason) = event else { return #expect(Bool(false)) }
        #expect(reason.utf8.count < 200)
        let refusal = FrameDecoder.decode(ByteBuffer(string: #"{"E":{"c":1,"m":"\#(marks)"},"i":1}"#))
        guard case .reply(let reply) = refusal, case .failure(_, let message) = reply.outcome else { return #expect(Bool(false)) }
        #expect(message.utf8.count <= 4_096)
        let popped = FrameDecoder.decode(
            ByteBuffer(string: #"{"e":"queue.pop","p":{"t":"a","c":"1","n":"\#(marks)","d":1}}"#))
        guard case .message(let message) = popped else { return #expect(Bool(false)) }
        #expect(message.node == nil)
    }

    @Test("P12: no number of the engine ends the process")
    func numbers() {
        func answer(_ delivered: Int64?, _ failed: Int64?) -> Receipt.Answer {
            Receipt.Answer(state: .sent, node: nil, code: nil, error: nil, delivered: delivered, failed: failed)
        }
        #expect(answer(.max, 1).total == .max)
        #expect(answer(.min, -1).total == .min)
        #expect(answer(3, 4).total == 7)
        #expect(answer(nil, 4).total == nil)
        for number in ["9223372036854775807", "-9223372036854775808", "1e400", "99999999999999999999"] {
            let frame = #"{"r":{"s":\#(number),"f":\#(number),"t":\#(number)},"i":\#(number)}"#
            _ = FrameDecoder.decode(ByteBuffer(string: frame))
            _ = FrameDecoder.decode(ByteBuffer(string: #"{"r":{"f":-9223372036854775808,"t":\#(number)},"i":1}"#))
            _ = FrameDecoder.decode(ByteBuffer(string: #"{"E":{"c":\#(number),"m":1},"i":\#(number)}"#))
        }
    }
}
