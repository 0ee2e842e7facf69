@testable import ConnmixDurable
@testable import connmix_durable

/// Text from outside that people read: whatever goes in, no control character comes out, and not more than was asked for.
enum NameTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let text = bytes.text
        let limit = bytes.first.map { Int($0) % 64 + 1 } ?? 8
        try quoted(text, limit)
        try terminal(text, limit)
        let cut = text.bounded(toBytes: limit)
        try hold(cut.utf8.count <= limit && text.utf8.starts(with: cut.utf8), "what is kept is the beginning")
        try hold(text.utf8.count > limit || cut.utf8.elementsEqual(text.utf8), "what fits is kept whole")
        let dropped = text.utf8.count - cut.utf8.count
        try hold(dropped == 0 || cut.utf8.count + 4 > limit, "no more is left out than a character")
    }

    private static func quoted(_ text: String, _ limit: Int) throws {
        for shown in [Quoted.bounded(text, limit: limit), Quoted.text(text, limit: limit), Quoted.address(text)] {
            try hold(shown.unicodeScalars.allSatisfy(\.isForPeople), "what is quoted can be shown: \(shown.debugDescription)")
        }
        // A scalar may take ten bytes more, and then there are the ellipsis and the quotes.
        try hold(Quoted.text(text, limit: limit).utf8.count <= limit + 15, "what is quoted is bounded")
        try hold(Quoted.address(text).utf8.count <= 250, "an address is bounded")
        if let at = text.utf8.lastIndex(of: UInt8(ascii: "@")), let place = text.firstRange(of: "://"), place.upperBound < at {
            let secret = text[..<at][place.upperBound...]
            let isThereOnce = text.ranges(of: secret).count == 1
            if secret.utf8.count > 8, isThereOnce { try hold(!Quoted.address(text).contains(secret), "a password is not shown") }
        }
    }

    private static func terminal(_ text: String, _ limit: Int) throws {
        let escaped = text.escapedForTerminal
        for shown in [escaped, escaped.cut(to: limit), escaped.boundedForPeople(limit), escaped.padded(to: limit)] {
            try hold(shown.unicodeScalars.allSatisfy(\.isForPeople), "nothing acts on the terminal")
            try hold(!shown.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "no control byte comes out")
        }
        try hold(escaped.escapedForTerminal == escaped, "what was escaped stays as it is")
        try hold(escaped.utf8.count <= 10 * text.utf8.count, "what is escaped is bounded")
        try hold(text.cut(to: limit).displayWidth <= limit + 1, "what is cut fits")
        try hold(text.boundedForPeople(limit).utf8.count <= limit + 3, "what is bounded is")
    }
}

extension Unicode.Scalar {
    /// By what Unicode says of it, not by a list of ours: no control character, and nothing that turns the direction of writing.
    var isForPeople: Bool {
        if value < 0x7F { return value >= 0x20 }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return false
        default: return !properties.isBidiControl
        }
    }
}
