import ConnmixDurable

extension String {
    /// How many columns the text takes on a terminal.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// The beginning of the text that fits into so many columns, with an ellipsis where something is left out.
    func cut(to width: Int) -> String {
        guard width > 0 else { return "" }
        // A character may have any number of marks; with 64 bytes each it is still one that people can read.
        guard utf8.count <= 64 * width + 64 else { return bounded(toBytes: 64 * width).cut(to: width - 1) + "…" }
        var used = 0
        var fitting = startIndex
        for index in indices {
            used += self[index].displayWidth
            if used > width { return String(self[..<fitting]) + "…" }
            if used < width { fitting = self.index(after: index) }
        }
        return self
    }

    /// The text filled up with spaces.
    func padded(to width: Int, atRight: Bool = true) -> String {
        let missing = String(repeating: " ", count: max(0, width - displayWidth))
        return atRight ? self + missing : missing + self
    }
}

extension Character {
    /// 0, 1 or 2 columns. A cluster is as wide as its widest part: marks and joiners take none of their own.
    var displayWidth: Int {
        var width = 0
        for scalar in unicodeScalars { width = max(width, scalar.displayWidth) }
        let isEmojiStyle = unicodeScalars.contains("\u{FE0F}")
        return isEmojiStyle && width > 0 ? 2 : width
    }
}

extension Unicode.Scalar {
    fileprivate var displayWidth: Int {
        if value < 0x300 { return 1 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        if properties.isEmojiPresentation { return 2 }
        return Self.wide.contains { $0.contains(value) } ? 2 : 1
    }

    /// East Asian wide and fullwidth characters (https://www.unicode.org/reports/tr11/), in the blocks that have them.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F1E6...0x1F1FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
    ]
}
