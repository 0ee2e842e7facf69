import Testing

@testable import connmix_durable

@Suite("what is different in a payload")
struct PayloadDifferenceTests {
    @Test(
        "value by value where both are JSON, whole where one is none",
        arguments: [
            (
                #"{"a":1,"b":[1,2],"c":{"d":"x"}}"#, #"{"a":1,"b":[1,3],"c":{"d":"y"}}"#,
                "- b[1]: 2\n+ b[1]: 3\n- c.d: \"x\"\n+ c.d: \"y\"\n"
            ),
            (#"{"a":1}"#, #"{"b":1}"#, "- a: 1\n+ b: 1\n"),
            (#"{"a":[1]}"#, #"{"a":[1,2]}"#, "- a: [1]\n+ a: [1,2]\n"),
            (#"{"a":1}"#, #"{ "a": 1 }"#, ""),
            ("1", #""1""#, "- 1\n+ \"1\"\n"),
            ("{", "{}", "- {\n+ {}\n"),
            ("\"\u{1B}[31m\"", "2", "- \"\\u001b[31m\"\n+ 2\n"),
        ])
    func text(old: String, new: String, lines: String) {
        let difference = PayloadDifference(Array(old.utf8), Array(new.utf8))
        #expect(difference.text(Terminal(width: nil, hasColour: false)) == lines)
        #expect(difference.isEmpty == lines.isEmpty)
    }

    @Test("no more lines than somebody reads")
    func bounded() {
        let old = "[" + (0..<100).map { "\($0)" }.joined(separator: ",") + "]"
        let new = "[" + (0..<100).map { "\($0 + 1)" }.joined(separator: ",") + "]"
        let text = PayloadDifference(Array(old.utf8), Array(new.utf8)).text(Terminal(width: 80, hasColour: false))
        #expect(text.hasSuffix("and 160 more lines\n"))
    }
}
