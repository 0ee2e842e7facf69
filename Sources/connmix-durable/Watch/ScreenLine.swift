/// A line of a screen, put together from coloured parts. Everything is escaped here.
struct ScreenLine {
    private var parts: [(text: String, colour: Colour?)] = []
    private(set) var width = 0

    init(_ text: String = "", _ colour: Colour? = nil) {
        add(text, colour)
    }

    mutating func add(_ text: String, _ colour: Colour? = nil) {
        guard !text.isEmpty else { return }
        let escaped = text.boundedForPeople(8_192).escapedForTerminal
        parts.append((escaped, colour))
        width += escaped.displayWidth
    }

    mutating func add(_ line: ScreenLine) {
        parts += line.parts
        width += line.width
    }

    /// Fills up with spaces, so that the next part begins at a column.
    mutating func advance(to column: Int) {
        add(String(repeating: " ", count: max(0, column - width)))
    }

    /// The line for a terminal, cut to its width.
    func text(_ terminal: Terminal) -> String {
        var left = terminal.width ?? .max
        var result = ""
        for part in parts where left > 0 {
            let text = part.text.cut(to: left)
            left -= text.displayWidth
            result += terminal.paint(text, part.colour)
        }
        return result
    }
}
