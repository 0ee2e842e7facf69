import Testing

@testable import ConnmixDurable

@Suite("acknowledgements that cannot be made")
struct AcknowledgementTests {
    private let message = Message(topic: "chat", client: "7", text: "x")

    private func command(_ value: String?) throws -> Command? {
        try Acknowledgement.contextValue("ack") { _ in value }.command(for: message)
    }

    @Test("a value is one JSON value, or the reason is said")
    func values() throws {
        #expect(try command("17")?.payload == .text(#"["ack",17]"#))
        #expect(try command(#""a""#)?.payload == .text(#"["ack","a"]"#))
        #expect(try command(nil) == nil)
        for value in ["", "abc", "1,2", "1]", "{", "\u{0}"] {
            #expect(throws: ConnmixError.self, "\(value)") { try command(value) }
        }
        #expect(throws: ConnmixError.self) { try command(String(repeating: "1", count: Command.payloadLimit + 1)) }
    }
}
