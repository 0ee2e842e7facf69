/// How far long work is: a bar with rate and time left on a terminal, nothing elsewhere.
struct ProgressBar {
    private static let width = 30

    private let terminal: Terminal
    private let total: Int
    /// Done before this process began.
    private let before: Int
    private let start: ContinuousClock.Instant
    private var drawn: ContinuousClock.Instant?

    init(total: Int, before: Int = 0, terminal: Terminal = .error, now: ContinuousClock.Instant = .now) {
        self.total = total
        self.before = before
        self.terminal = terminal
        start = now
    }

    /// Draws it, ten times a second at most.
    ///
    /// - Parameter note: what is waited for, in place of the time left.
    mutating func show(_ done: Int, note: String? = nil, now: ContinuousClock.Instant = .now) {
        guard terminal.canBeDrawnOn, drawn.map({ now - $0 >= .milliseconds(100) }) ?? true else { return }
        drawn = now
        StandardError.write("\r\u{1B}[K" + text(done, note: note, now: now))
    }

    func text(_ done: Int, note: String?, now: ContinuousClock.Instant) -> String {
        let filled = min(Self.width, Int(Double(done) / Double(max(1, total)) * Double(Self.width)))
        let (full, empty) = terminal.hasUnicode ? ("█", "░") : ("#", ".")
        let bar = String(repeating: full, count: filled) + String(repeating: empty, count: Self.width - filled)
        let seconds = (now - start) / .seconds(1)
        let rate = Double(done - before) / max(0.1, seconds)
        var text = "\(bar) \(done)/\(total)  \(rate < 10 ? "\((rate * 10).rounded() / 10)" : "\(Int(rate))")/s"
        if let note {
            text += "  \(note)"
        } else if rate > 0 {
            let left = min(Double(max(0, total - done)) / rate * 1e6, 1e18)
            text += "  \(Age.text(microseconds: Int64(left))) left"
        }
        return text.cut(to: (terminal.width ?? 80) - 1)
    }

    /// Takes it away again.
    func clear() {
        if drawn != nil { StandardError.write("\r\u{1B}[K") }
    }
}
