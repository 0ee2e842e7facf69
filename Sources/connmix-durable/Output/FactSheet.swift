import ConnmixDurable

/// Names and values below each other, for one thing shown to people.
struct FactSheet {
    /// A payload is shown whole, as large as one may be.
    private static let valueLimit = 64 << 20

    private var facts: [(name: String, value: String, colour: Colour?)] = []

    /// Adds a fact; `nil` and empty ones are left out.
    mutating func add(_ name: String, _ value: String?, _ colour: Colour? = nil) {
        guard let value, !value.isEmpty else { return }
        facts.append((name, value.boundedForPeople(Self.valueLimit).escapedForTerminal, colour))
    }

    mutating func add(_ name: String, time: Int64?, now: Int64) {
        add(name, time.map { "\(Timestamp.text($0))  (\(Self.ago($0, now)))" })
    }

    func text(_ terminal: Terminal) -> String {
        let width = facts.map(\.name.displayWidth).max() ?? 0
        return facts.map { fact in
            terminal.paint(fact.name.padded(to: width), .dim) + "  " + terminal.paint(fact.value, fact.colour) + "\n"
        }.joined()
    }

    private static func ago(_ time: Int64, _ now: Int64) -> String {
        let age = Age.text(time, now: now)
        return time > now ? age : age + " ago"
    }
}
