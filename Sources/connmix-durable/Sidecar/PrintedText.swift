import ConnmixDurable

/// The beginning of what a process printed that it should not have, for the words of an error. Pure.
///
/// A warning or a `die("no database")` on stdout is the only word that many programs have of what went wrong.
struct PrintedText {
    /// Characters that are shown.
    static let limit = 200
    /// Bytes that they may take, escaped.
    private static let shownBytes = 800
    /// Bytes that are kept of it.
    private static let keptBytes = 1_024

    private var bytes: [UInt8] = []

    init(_ bytes: some Sequence<UInt8> = []) {
        append(bytes)
    }

    var isFull: Bool { bytes.count >= Self.keptBytes }

    mutating func append(_ more: some Sequence<UInt8>) {
        bytes += more.prefix(Self.keptBytes - bytes.count)
    }

    /// In quotes, escaped and bounded; `nil` where there is nothing but white space.
    var shown: String? {
        let text = String(decoding: bytes, as: UTF8.self).unicodeScalars.drop { $0.properties.isWhitespace }
        guard !text.isEmpty else { return nil }
        var kept = String(String.UnicodeScalarView(text.prefix(Self.limit)))
        while kept.last?.isWhitespace == true { kept.removeLast() }
        let escaped = kept.escapedForTerminal.boundedForPeople(Self.shownBytes)
        return "\"\(escaped)\(text.count > Self.limit && !escaped.hasSuffix("…") ? "…" : "")\""
    }

    /// The error with it.
    func added(to reason: String) -> String {
        if let shown { return "\(reason); it printed \(shown)" }
        // There is nothing to quote, and who looks for it looks for the blank line before `<?php`.
        return bytes.contains(0x0A) ? "\(reason); it printed an empty line" : reason
    }
}
