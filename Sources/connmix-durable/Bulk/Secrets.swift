import ConnmixDurable

/// Values that must not be seen, to find texts that quote them. Pure.
///
/// Letters and digits count, in either case; a value is quoted where all of it stands in a text, or a word of it that has four
/// characters or more. Rather too much is found than too little.
struct Secrets {
    private static let limit = 1_000
    private static let wordLength = 4
    /// An error that is this long was cut, perhaps in the middle of a value.
    private static let cutLength = 4_000

    private var values: Set<[UInt8]> = []
    private var words: Set<[UInt8]> = []
    /// There were too many to keep, or some that cannot be read: anything may be a quote.
    private var isOver = false

    var isEmpty: Bool { values.isEmpty && !isOver }

    /// Adds the texts and numbers in a JSON value, those in JSON in a text, too.
    mutating func add(_ json: ArraySlice<UInt8>) {
        guard !isOver else { return }
        switch json.first {
        case UInt8(ascii: "{"):
            guard let members = JSONParts.members(of: json) else { return addUnreadable() }
            for member in members { add(member.value) }
        case UInt8(ascii: "["):
            guard let elements = JSONParts.elements(of: json) else { return addUnreadable() }
            for element in elements { add(element) }
        case UInt8(ascii: "\""):
            guard let text = JSONParts.text(of: json).map({ Array($0.utf8) }) else { return addUnreadable() }
            if let inner = JSONParts.value(in: text), inner.first.map({ "{[\"".utf8.contains($0) }) == true { add(inner) }
            add(plain: text)
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"), nil: break
        default: add(plain: Array(json))
        }
    }

    private mutating func addUnreadable() {
        assertionFailure("only what was checked to be JSON comes here")
        isOver = true
    }

    private mutating func add(plain text: [UInt8]) {
        let parts = Self.words(of: text)
        let value = Array(parts.joined())
        guard !value.isEmpty else { return }
        values.insert(value)
        words.formUnion(parts.filter { $0.count >= Self.wordLength })
        isOver = isOver || values.count + words.count > Self.limit
    }

    func mayBeQuoted(in text: String) -> Bool {
        if isEmpty || text == "[redacted]" { return false }
        if isOver || text.utf8.count >= Self.cutLength { return true }
        let parts = Self.words(of: Array(text.utf8))
        if parts.contains(where: { words.contains($0) || values.contains($0) }) { return true }
        let all = Array(parts.joined())
        return values.contains { $0.count >= Self.wordLength && all.contains($0) }
    }

    /// Runs of letters, digits and what is not ASCII, in lower case.
    private static func words(of text: [UInt8]) -> [[UInt8]] {
        var words: [[UInt8]] = []
        var word: [UInt8] = []
        for byte in text {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): word.append(byte | 0x20)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: word.append(byte)
            default:
                if !word.isEmpty { words.append(word) }
                word = []
            }
        }
        return word.isEmpty ? words : words + [word]
    }
}

extension [UInt8] {
    /// Whether the other bytes stand in these, one after the other.
    fileprivate func contains(_ other: [UInt8]) -> Bool {
        guard let first = other.first, count >= other.count else { return false }
        return (0...count - other.count).contains { start in
            self[start] == first && self[start..<start + other.count].elementsEqual(other)
        }
    }
}
