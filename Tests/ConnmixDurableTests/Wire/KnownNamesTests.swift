import Testing

@testable import ConnmixDurable

@Suite("names that connmix has")
struct KnownNamesTests {
    private func problem(_ wire: String, anyMethod: Bool = false) -> String? {
        do {
            _ = try Command(wire: Array(wire.utf8), anyMethod: anyMethod)
            return nil
        } catch {
            return error.message
        }
    }

    @Test(
        "what connmix has passes",
        arguments: ["subscribe", "unsubscribe", "set_context", "set_context_value"])
    func known(function: String) {
        #expect(problem(#"{"m":"conn.call","p":{"c":"7","f":"\#(function)","a":[]}}"#) == nil)
        #expect(problem(#"{"m":"mesh.send","p":{"c":"7","d":"x"}}"#) == nil)
        #expect(problem(#"{"m":"mesh.publish","p":{"c":"7","d":"x"}}"#) == nil)
    }

    @Test(
        "another name is refused with the nearest",
        arguments: [
            ("mesh.sned", "mesh.send"), ("mesh.Send", "mesh.send"), ("mesh.publsh", "mesh.publish"), ("con.call", "conn.call"),
            ("meshSend", "mesh.send"), ("", "conn.call"), ("\u{202E}", "mesh.send"),
        ])
    func misspelt(name: String, nearest: String) {
        let said = problem(#"{"m":"\#(name)","p":{}}"#)
        if name.isEmpty {
            #expect(said == "the method has 0 bytes; give it 1 to 1024")
        } else {
            #expect(said?.hasSuffix("; the nearest is \(nearest) (--any-method lets it pass)") == true, "\(said ?? "")")
            #expect(said?.unicodeScalars.contains("\u{202E}") == false)
        }
        #expect(problem(#"{"m":"x.y","p":{}}"#, anyMethod: true) == nil)
    }

    @Test("what is consumed is not the handler's to say", arguments: ["queue.pop", "queue.unpop"])
    func queue(method: String) {
        #expect(problem(#"{"m":"\#(method)","p":{}}"#, anyMethod: true)?.contains("is the consumer's own") == true)
    }

    @Test(
        "distance",
        arguments: [("", "", 0), ("a", "", 1), ("sned", "send", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)])
    func distance(one: String, other: String, distance: Int) {
        #expect(KnownNames.distance(one, other) == distance)
    }
}
