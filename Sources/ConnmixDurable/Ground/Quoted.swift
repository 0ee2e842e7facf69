/// Text from outside, fit for a line that people read. Pure.
enum Quoted {
    /// In quotes, escaped, and at most about `limit` bytes of it.
    static func text(_ text: some StringProtocol, limit: Int = 120) -> String { "\"\(bounded(text, limit: limit))\"" }

    /// Control characters, and what turns the direction of writing, are escaped; what is longer ends with an ellipsis. Bounded in
    /// bytes: a single character may have a million combining marks.
    static func bounded(_ text: some StringProtocol, limit: Int = 120) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            guard shown.utf8.count < limit else { return shown + "…" }
            if isHarmless(scalar) {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return shown
    }

    static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x61C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
        default: true
        }
    }

    /// An address without what stands before its last @, where user and password are; bounded and escaped.
    static func address(_ text: String) -> String {
        guard let at = text.utf8.lastIndex(of: UInt8(ascii: "@")) else { return bounded(text, limit: 190) }
        let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
        let rest = "…" + bounded(text[at...], limit: 190)
        return scheme.utf8.count < text[..<at].utf8.count ? bounded(scheme, limit: 20) + rest : rest
    }
}
