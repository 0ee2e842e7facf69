import Testing

@testable import connmix_durable

@Suite("texts for a terminal")
struct TerminalTests {
    @Test("lines are cut to the width, with an ellipsis; colours take no columns and end with the line")
    func fitting() {
        let terminal = Terminal(width: 6, hasColour: true)
        #expect(terminal.fitting("123456\n1234567\n\n") == "123456\n12345…\n\n")
        #expect(terminal.fitting("\u{1B}[31m123456\u{1B}[0m") == "\u{1B}[31m123456\u{1B}[0m")
        #expect(terminal.fitting("\u{1B}[31m1234567\u{1B}[0m)") == "\u{1B}[31m12345…\u{1B}[0m")
        #expect(terminal.fitting("1\u{1B}[31m2345\u{1B}[0m67") == "1\u{1B}[31m2345\u{1B}[0m…\u{1B}[0m")
        // Two columns each: the third one does not fit whole.
        #expect(terminal.fitting("世界世") == "世界世")
        #expect(terminal.fitting("世界世界") == "世界…")
        #expect(Terminal(width: nil, hasColour: false).fitting("1234567") == "1234567")
    }

    @Test("a table is never wider than the terminal; elsewhere one long cell does not fill its column up")
    func tables() {
        var table = Table([.init(title: "ID", isNumber: true), .init(title: "WHAT"), .init(title: "END")])
        table.add(["1", String(repeating: "x", count: 500), "end"])
        table.add(["2", "y", "end"])
        for width in [1, 2, 7, 20, 40] {
            let lines = table.text(Terminal(width: width, hasColour: false)).split(separator: "\n")
            #expect(lines.count == 3)
            #expect(lines.allSatisfy { String($0).displayWidth <= width }, "\(lines)")
        }
        let lines = table.text(Terminal(width: nil, hasColour: false)).split(separator: "\n")
        #expect(lines[1].count > 500)
        #expect(lines[2].count < 200)
    }
}
