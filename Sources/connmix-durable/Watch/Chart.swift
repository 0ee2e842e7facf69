/// Numbers as columns over several lines, the newest at the right. Pure.
enum Chart {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    /// The same where only ASCII is shown.
    private static let signs: [Character] = [".", "#"]

    /// Where there was a look the bottom line shows something, also for nothing.
    ///
    /// - Returns: `height` lines of `width` columns, the highest numbers' tops in the first.
    static func lines(_ numbers: some Collection<Double>, width: Int, height: Int, hasUnicode: Bool = true) -> [String] {
        let bars = hasUnicode ? blocks : signs
        let shown = numbers.suffix(max(0, width))
        let highest = shown.max() ?? 0
        let heights = shown.map { number -> Int in
            guard highest > 0, number > 0 else { return 0 }
            // What is above nothing is seen.
            return max(2, Int((number / highest * Double(height * bars.count)).rounded()))
        }
        let empty = String(repeating: " ", count: max(0, width - heights.count))
        return (0..<height).map { line in
            let floor = (height - 1 - line) * bars.count
            return empty
                + String(
                    heights.map { height in
                        height > floor ? bars[min(bars.count, height - floor) - 1] : floor == 0 ? bars[0] : " "
                    })
        }
    }
}
