/// Numbers as a row of bars, the newest at the right.
enum Sparkline {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    /// The same where only ASCII is shown.
    private static let signs: [Character] = ["_", ".", ":", "-", "=", "+", "*", "#"]

    /// - Parameter width: how many of the newest numbers are shown; where there are fewer, the left stays empty.
    static func text(_ numbers: some Collection<Double>, width: Int, hasUnicode: Bool = true) -> String {
        let bars = hasUnicode ? blocks : signs
        let shown = numbers.suffix(max(0, width))
        let highest = shown.max() ?? 0
        let text = shown.map { number -> Character in
            guard highest > 0, number > 0 else { return bars[0] }
            // The highest has the full bar, anything above nothing at least the second one.
            return bars[max(1, min(bars.count - 1, Int((number / highest * Double(bars.count - 1)).rounded())))]
        }
        return String(repeating: " ", count: max(0, width - text.count)) + String(text)
    }
}
