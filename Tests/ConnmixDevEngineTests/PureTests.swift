import NIOCore
import Testing

@testable import ConnmixDevEngine

struct PureTests {
    private func isJSON(_ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { JSONScanner.document($0) != nil }
    }

    @Test(arguments: [
        "{}", "[]", " [ 1 , -0.5e+3 ] ", #"{"a":{"b":[true,false,null]}}"#, "\"\"", #""\u12aF\\\"\/""#, "0", "-1",
    ])
    func acceptsJSON(_ text: String) { #expect(self.isJSON(text)) }

    @Test(arguments: [
        "", "{", "{]", "[1,]", "{\"a\"}", "{\"a\":}", "01", "1.", "-", "1e", "tru", "nul", "\"", #""\x""#, #""\u12g4""#,
        "\"\n\"", "{} {}", "{a:1}", "+1", "[1 2]", #""\u12"#, String(repeating: "[", count: 100_000),
    ])
    func refusesWhatIsNoJSON(_ text: String) { #expect(!self.isJSON(text)) }

    @Test func decodesStrings() {
        let bytes = Array(#""a\n\u00e9\ud83d\ude00\ud83dx\/""#.utf8)
        bytes.withUnsafeBytes { #expect(JSONText.string($0, 0..<$0.count) == "a\né😀\u{FFFD}x/") }
    }

    @Test func decodesBase64() {
        #expect(Base64.decode(Array("3q2+7w==".utf8)) == [0xDE, 0xAD, 0xBE, 0xEF])
        #expect(Base64.decode([]) == [])
        for broken in ["a", "====", "ab=c", "a b=", "=abc"] {
            #expect(Base64.decode(Array(broken.utf8)) == nil, "\(broken)")
        }
    }

    @Test func plansFaults() {
        var plan = FaultPlan()
        plan.add(.init(.ignore, method: "a", skip: 1, times: 2))
        plan.add(.init(.swallow, times: 1))
        #expect(["a", "a", "b", "a", "a"].map { plan.strike($0) } == [.swallow, .ignore, nil, .ignore, nil])
        #expect(!plan.isEmpty || plan.strike("a") == nil)
    }

    @Test func clientIDsAreUniqueSnowflakes() {
        var memory = MeshMemory(settings: .init(), milliseconds: 0)
        memory.nodes = [NodeMemory(id: "a", number: 1)]
        let first = memory.connect(to: 0)
        #expect(first > 1 << 60)
        _ = memory.forget(0, newID: "b")
        #expect(memory.connect(to: 0) > first)
    }

    @Test func templatesMatchTheirLength() {
        let template = EventTemplate(node: "no\"de", number: 1, topic: "t", settings: .init())
        for size in [0, 10, 200, 70_000] {
            var frame = template.frame(client: "123", data: ByteBuffer(repeating: 0x31, count: size))
            #expect(frame.readInteger() == UInt8(0x81))
            let short = frame.readInteger(as: UInt8.self).map { Int($0) } ?? 0
            let length =
                switch short {
                case 126: frame.readInteger(as: UInt16.self).map { Int($0) } ?? 0
                case 127: frame.readInteger(as: UInt64.self).map { Int($0) } ?? 0
                default: short
                }
            #expect(length == frame.readableBytes)
        }
    }
}
