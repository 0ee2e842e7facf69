import Testing

@testable import ConnmixDurable

@Suite("P12: requests of handlers")
struct RequestDecoderTests {
    /// 1,000 bytes that act on a terminal, as JSON.
    private static let name = String(repeating: #"\u009b\u202e"#, count: 200)

    @Test(
        "a refusal quotes a name in part, and nothing of it that acts on a terminal",
        arguments: [
            #"{"m":"mesh.publish","p":{"c":" \#(name)","d":""}}"#,
            #"{"m":"conn.call","p":{"c":"7","f":"\#(name)","a":{}}}"#,
            #"{"m":"\#(name)","p":7}"#,
        ])
    func quoted(request: String) throws {
        let error = try #require(throws: ConnmixError.self) { try Command(wire: Array(request.utf8)) }
        #expect(error.code == .badData)
        #expect((100...250).contains(error.message.utf8.count), "\(error.message)")
        #expect(
            error.message.unicodeScalars.allSatisfy { !$0.properties.isBidiControl && $0.properties.generalCategory != .control })
    }

    @Test("so does the refusal of an option")
    func option() throws {
        let command = try Command(wire: Array(#"{"m":"\#(Self.name)","p":{}}"#.utf8))
        let error = try #require(throws: ConnmixError.self) { try command.with { $0.supersedesEarlier = true } }
        #expect((100...250).contains(error.message.utf8.count), "\(error.message)")
        #expect(!error.message.unicodeScalars.contains("\u{202E}") && !error.message.unicodeScalars.contains("\u{9B}"))
    }
}
