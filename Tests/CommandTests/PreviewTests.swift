import Testing

@testable import connmix_durable

@Suite("previews")
struct PreviewTests {
    private func text(_ json: String) -> String { Preview.text(Array(json.utf8)) }

    @Test("a frame is shown by the end user's text, other data as it is")
    func frames() {
        #expect(text(#"{"frame":{"type":"text","data":"hello \"you\" \u00e9","finish":true}}"#) == #"hello "you" é"#)
        #expect(text(#"{"event":"message","frame":{"data":"{\"sku\":7}"}}"#) == #"{"sku":7}"#)
        for other in [
            #"{"frame":{"data":{"sku":7}}}"#, #"{"frame":"x"}"#, #"{"a":1}"#, "[1]", "null", #"{"data":"x"}"#, #"{"frame":{}}"#,
        ] {
            #expect(text(other) == other)
        }
        #expect(Preview.text([0xFF]) == "1 bytes: ff")
        #expect(text(#"{"frame":{"data":"\#(String(repeating: "x", count: 5_000))"}}"#).utf8.count < 700)
    }
}
