import Testing

@testable import connmix_durable

@Suite("base64")
struct Base64Tests {
    @Test("there and back", arguments: [[], [0], [0, 255], [1, 2, 3], Array(0...255)] as [[UInt8]])
    func roundTrip(bytes: [UInt8]) {
        #expect(Base64.bytes(Base64.text(bytes)) == bytes)
    }

    @Test(
        "what is no base64 is told from what is",
        arguments: ["A", "AA", "AAA", "AA==AA==", "AA-_", "AA AA", "ä"])
    func bad(text: String) {
        #expect(Base64.bytes(text) == nil)
    }
}
