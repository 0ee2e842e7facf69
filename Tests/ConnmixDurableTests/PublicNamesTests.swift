import Testing

@testable import ConnmixDurable

/// A user's own, beside the library's.
private struct Message {
    let text = "mine"
}

@Suite("public names")
struct PublicNamesTests {
    @Test("a name of the library can be qualified with the module where a program has one like it")
    func qualified() {
        let theirs = ConnmixDurable.Message(topic: "chat", text: "theirs", id: 1)
        #expect(theirs.text == "theirs" && Message().text == "mine")
    }

    @Test("the answer to a command that was sent has no error, whatever it met before")
    func answer() {
        func error(_ state: CommandState) -> String? {
            Receipt.Answer(Settlement(state: state, attempts: 1, writes: 2, node: "n", error: "no answer from node n")).error
        }
        #expect(error(.sent) == nil)
        #expect(error(.dead) == "no answer from node n")
    }
}
