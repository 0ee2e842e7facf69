/// Reads strict JSON from bytes, without building values: it answers with ranges.
///
/// The bytes come from a peer, so nothing here trusts them: every read is bounded, nesting is limited.
struct JSONScanner {
    /// So many containers may stand in each other.
    static let maximumDepth = 256

    let bytes: UnsafeRawBufferPointer
    var position: Int

    init(_ bytes: UnsafeRawBufferPointer, at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// The range of the one value that the bytes hold, or nil when they are not JSON.
    static func document(_ bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        var scanner = JSONScanner(bytes)
        scanner.skipSpace()
        let start = scanner.position
        guard scanner.skipValue(depth: 0) else { return nil }
        let range = start..<scanner.position
        return scanner.isAtEnd() ? range : nil
    }

    /// Whether nothing but space is left.
    mutating func isAtEnd() -> Bool {
        self.skipSpace()
        return self.position == self.bytes.count
    }

    /// Visits the members of the object at the position. False when it is not a well-formed object.
    mutating func members(_ visit: (_ key: Range<Int>, _ value: Range<Int>) -> Void) -> Bool {
        guard self.take(UInt8(ascii: "{")) else { return false }
        self.skipSpace()
        if self.take(UInt8(ascii: "}")) { return true }
        while true {
            self.skipSpace()
            let keyStart = self.position
            guard self.skipString() else { return false }
            let key = keyStart..<self.position
            self.skipSpace()
            guard self.take(UInt8(ascii: ":")) else { return false }
            self.skipSpace()
            let valueStart = self.position
            guard self.skipValue(depth: 1) else { return false }
            visit(key, valueStart..<self.position)
            self.skipSpace()
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(UInt8(ascii: "}"))
        }
    }

    /// Visits the elements of the array at the position. False when it is not a well-formed array.
    mutating func elements(_ visit: (_ value: Range<Int>) -> Void) -> Bool {
        guard self.take(UInt8(ascii: "[")) else { return false }
        self.skipSpace()
        if self.take(UInt8(ascii: "]")) { return true }
        while true {
            self.skipSpace()
            let start = self.position
            guard self.skipValue(depth: 1) else { return false }
            visit(start..<self.position)
            self.skipSpace()
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(UInt8(ascii: "]"))
        }
    }

    mutating func skipSpace() {
        while self.position < self.bytes.count {
            switch self.bytes[self.position] {
            case 0x20, 0x09, 0x0A, 0x0D: self.position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.position < self.bytes.count, self.bytes[self.position] == byte else { return false }
        self.position += 1
        return true
    }

    mutating func skipValue(depth: Int) -> Bool {
        guard self.position < self.bytes.count else { return false }
        switch self.bytes[self.position] {
        case UInt8(ascii: "\""): return self.skipString()
        case UInt8(ascii: "{"): return self.skipContainer(close: UInt8(ascii: "}"), keyed: true, depth: depth)
        case UInt8(ascii: "["): return self.skipContainer(close: UInt8(ascii: "]"), keyed: false, depth: depth)
        case UInt8(ascii: "t"): return self.skipWord("true")
        case UInt8(ascii: "f"): return self.skipWord("false")
        case UInt8(ascii: "n"): return self.skipWord("null")
        default: return self.skipNumber()
        }
    }

    private mutating func skipContainer(close: UInt8, keyed: Bool, depth: Int) -> Bool {
        guard depth < Self.maximumDepth else { return false }
        self.position += 1
        self.skipSpace()
        if self.take(close) { return true }
        while true {
            self.skipSpace()
            if keyed {
                guard self.skipString() else { return false }
                self.skipSpace()
                guard self.take(UInt8(ascii: ":")) else { return false }
                self.skipSpace()
            }
            guard self.skipValue(depth: depth + 1) else { return false }
            self.skipSpace()
            if self.take(UInt8(ascii: ",")) { continue }
            return self.take(close)
        }
    }

    private mutating func skipString() -> Bool {
        guard self.take(UInt8(ascii: "\"")) else { return false }
        let count = self.bytes.count
        var index = self.position
        while true {
            index = self.endOfPlainText(from: index)
            guard index < count else { return false }
            switch self.bytes[index] {
            case UInt8(ascii: "\""):
                self.position = index + 1
                return true
            case UInt8(ascii: "\\"):
                guard index + 1 < count else { return false }
                switch self.bytes[index + 1] {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    index += 2
                case UInt8(ascii: "u"):
                    guard JSONText.unit(self.bytes, at: index + 2) != nil else { return false }
                    index += 6
                default: return false
                }
            default: return false
            }
        }
    }

    /// Where the next quote, backslash or control character stands, from `start` on; the end where none does.
    private func endOfPlainText(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = start
        // Eight at a time. A byte marks its top bit where a subtraction borrows there; above the first such byte the marks may be wrong.
        while index + 8 <= self.bytes.count {
            let word = UInt64(littleEndian: self.bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let found = (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word
            let marks = found & (ones &* 0x80)
            if marks != 0 { return index + marks.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < self.bytes.count {
            switch self.bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0..<0x20: return index
            default: index += 1
            }
        }
        return index
    }

    private mutating func skipWord(_ word: StaticString) -> Bool {
        let end = self.position + word.utf8CodeUnitCount
        guard end <= self.bytes.count else { return false }
        guard JSONText.equals(self.bytes, self.position..<end, word) else { return false }
        self.position = end
        return true
    }

    private mutating func skipNumber() -> Bool {
        _ = self.take(UInt8(ascii: "-"))
        let leadingZero = self.position < self.bytes.count && self.bytes[self.position] == UInt8(ascii: "0")
        let whole = self.skipDigits()
        guard whole > 0, !(leadingZero && whole > 1) else { return false }
        if self.take(UInt8(ascii: ".")), self.skipDigits() == 0 { return false }
        if self.take(UInt8(ascii: "e")) || self.take(UInt8(ascii: "E")) {
            if !self.take(UInt8(ascii: "+")) { _ = self.take(UInt8(ascii: "-")) }
            return self.skipDigits() > 0
        }
        return true
    }

    private mutating func skipDigits() -> Int {
        let start = self.position
        while self.position < self.bytes.count, (0x30...0x39).contains(self.bytes[self.position]) { self.position += 1 }
        return self.position - start
    }
}
