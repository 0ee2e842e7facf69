extension String {
    /// Errors come from handlers, child processes and engines: what is kept of one is bounded.
    var boundedError: String { bounded(toBytes: 4_096) }
}

/// What an error ends with that is another text each time: what somebody sent. Whoever names causes leaves it out.
enum ErrorText {
    /// How many bytes are quoted, about.
    static let evidenceLimit = 160
    private static let mark = "; it was "

    /// The end of an error that quotes what was there, bounded and escaped.
    static func evidence(_ text: some StringProtocol) -> String { mark + Quoted.text(text, limit: evidenceLimit) }

    /// The error without it.
    static func withoutEvidence(_ error: String) -> Substring {
        guard error.utf8.last == UInt8(ascii: "\""), let place = error.utf8.firstRange(of: (mark + "\"").utf8) else {
            return error[...]
        }
        return error[..<place.lowerBound]
    }
}
