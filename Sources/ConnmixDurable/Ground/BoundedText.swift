extension StringProtocol {
    /// The beginning of the text in at most so many bytes of UTF-8. No scalar is split.
    ///
    /// Texts from outside are bounded by bytes: one character may have a million combining marks, and `prefix` counts it as one.
    package func bounded(toBytes limit: Int) -> String {
        guard utf8.index(utf8.startIndex, offsetBy: limit, limitedBy: utf8.endIndex).map({ $0 < utf8.endIndex }) ?? false else {
            return String(self)
        }
        var kept = String.UnicodeScalarView()
        var bytes = 0
        for scalar in unicodeScalars {
            bytes += scalar.utf8.count
            if bytes > limit { break }
            kept.append(scalar)
        }
        return String(kept)
    }
}
