/// How far a search is, on a terminal, where it takes longer than people like to wait in the dark.
struct SearchNote {
    private static let patience = Duration.milliseconds(500)

    private let start: ContinuousClock.Instant
    private var bar: ProgressBar
    private var rows = 0

    /// - Parameter total: about how many rows there are to look at.
    init(_ total: @autoclosure () -> Int, terminal: Terminal = .error, now: ContinuousClock.Instant = .now) {
        start = now
        bar = ProgressBar(total: terminal.width == nil ? 0 : total(), terminal: terminal, now: now)
    }

    mutating func looked(_ rows: Int, now: ContinuousClock.Instant = .now) {
        self.rows += rows
        if now - start > Self.patience { bar.show(self.rows, now: now) }
    }

    func clear() {
        bar.clear()
    }
}

extension RandomAccessCollection {
    /// In pieces of so many elements.
    func pages(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(dropFirst($0).prefix(size)) }
    }
}
