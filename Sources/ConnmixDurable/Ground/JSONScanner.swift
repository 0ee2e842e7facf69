/// Walks JSON text without building anything.
///
/// The hot path needs four fields of an envelope and the place of a fifth; a decoder that builds values
/// costs twenty times as much as finding them. The scanner is strict (what it accepts is JSON by RFC 8259) and never
/// traps: every method answers `nil` or `false` at the first byte that does not fit, and never reads past the end.
package struct JSONScanner {
    /// Containers nested deeper than this are refused, so that hostile input cannot exhaust the stack.
    static let depthLimit = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    package private(set) var index: Int

    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        self.index = 0
    }

    /// Whether the bytes are one JSON value in UTF-8, and nothing else.
    package static func isValue(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var scanner = JSONScanner(bytes)
        guard scanner.value() != nil, scanner.peek() == 0, scanner.isAtEnd else { return false }
        return (try? UTF8Span(validating: bytes.span)) != nil
    }

    package var isAtEnd: Bool { index >= bytes.count }

    /// The next byte that is not white space, or 0 at the end. Nothing is consumed but the white space.
    package mutating func peek() -> UInt8 {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            index += 1
        }
        return 0
    }

    package mutating func consume(_ byte: UInt8) -> Bool {
        guard peek() == byte, index < bytes.count else { return false }
        index += 1
        return true
    }

    /// Consumes a string and answers the place of its content, without the quotes, and whether it has escapes.
    package mutating func string() -> (range: Range<Int>, escaped: Bool)? {
        guard consume(UInt8(ascii: "\"")) else { return nil }
        let start = index
        var escaped = false
        while true {
            skipPlainCharacters()
            guard index < bytes.count else { return nil }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                index += 1
                return (start..<(index - 1), escaped)
            case UInt8(ascii: "\\"):
                escaped = true
                guard skipEscape() else { return nil }
            default:
                return nil  // a control character
            }
        }
    }

    /// Consumes any value and answers its place.
    package mutating func value(depth: Int = 0) -> Range<Int>? {
        let first = peek()
        let start = index
        let accepted =
            switch first {
            case UInt8(ascii: "\""): string() != nil
            case UInt8(ascii: "{"): skipObject(depth: depth + 1)
            case UInt8(ascii: "["): skipArray(depth: depth + 1)
            case UInt8(ascii: "t"): skipLiteral("true")
            case UInt8(ascii: "f"): skipLiteral("false")
            case UInt8(ascii: "n"): skipLiteral("null")
            default: skipNumber()
            }
        return accepted ? start..<index : nil
    }

    /// Consumes an object, calling `member` for each key with the scanner before the value; `member` must consume it.
    ///
    /// - Returns: false where the text is no object or `member` said so.
    package mutating func object(
        _ member: (_ key: Range<Int>, _ escaped: Bool, _ scanner: inout JSONScanner) -> Bool
    ) -> Bool {
        guard consume(UInt8(ascii: "{")) else { return false }
        if consume(UInt8(ascii: "}")) { return true }
        repeat {
            guard let key = string(), consume(UInt8(ascii: ":")) else { return false }
            guard member(key.range, key.escaped, &self) else { return false }
        } while consume(UInt8(ascii: ","))
        return consume(UInt8(ascii: "}"))
    }

    /// The content of a string found by `string()`, its escapes resolved. Lone surrogates become U+FFFD.
    package func text(_ found: (range: Range<Int>, escaped: Bool)) -> String {
        let slice = UnsafeBufferPointer(rebasing: bytes[found.range])
        return found.escaped ? JSONText.unescape(slice) : String(decoding: slice, as: UTF8.self)
    }

    func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        let expected = text.utf8Start
        var offset = 0
        while offset < range.count {
            guard bytes[range.lowerBound + offset] == expected[offset] else { return false }
            offset += 1
        }
        return true
    }

    /// The bytes at a place, as text. For numbers and other values whose bytes are ASCII.
    package func raw(_ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    /// The integer at a place: `17`, and `17.0` where a peer's JSON library writes integers so.
    package func integer(_ range: Range<Int>) -> Int64? {
        var digits = range
        if let dot = digits.first(where: { bytes[$0] == UInt8(ascii: ".") }) {
            guard (dot + 1..<digits.upperBound).allSatisfy({ bytes[$0] == UInt8(ascii: "0") }) else { return nil }
            digits = digits.lowerBound..<dot
        }
        let negative = digits.first.map { bytes[$0] == UInt8(ascii: "-") } ?? false
        var result: Int64 = 0
        for place in negative ? digits.dropFirst() : digits {
            let digit = bytes[place] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            let (scaled, overflow) = result.multipliedReportingOverflow(by: 10)
            let (next, carry) = scaled.subtractingReportingOverflow(Int64(digit))
            guard !overflow, !carry else { return nil }
            result = next  // counted downwards, so that the smallest integer fits
        }
        guard digits.count > (negative ? 1 : 0) else { return nil }
        if negative { return result }
        return result == .min ? nil : -result
    }

    // MARK: -

    /// Moves to the next quote, backslash or control character.
    private mutating func skipPlainCharacters() {
        index = JSONText.endOfPlain(UnsafeRawBufferPointer(bytes), from: index)
    }

    private mutating func skipEscape() -> Bool {
        guard index + 1 < bytes.count else { return false }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            index += 2
            return true
        case UInt8(ascii: "u"):
            guard index + 5 < bytes.count else { return false }
            guard (index + 2...index + 5).allSatisfy({ JSONText.hexValue(bytes[$0]) != nil }) else { return false }
            index += 6
            return true
        default:
            return false
        }
    }

    private mutating func skipObject(depth: Int) -> Bool {
        guard depth <= Self.depthLimit else { return false }
        return object { _, _, scanner in scanner.value(depth: depth) != nil }
    }

    private mutating func skipArray(depth: Int) -> Bool {
        guard depth <= Self.depthLimit, consume(UInt8(ascii: "[")) else { return false }
        if consume(UInt8(ascii: "]")) { return true }
        repeat {
            guard value(depth: depth) != nil else { return false }
        } while consume(UInt8(ascii: ","))
        return consume(UInt8(ascii: "]"))
    }

    private mutating func skipLiteral(_ literal: StaticString) -> Bool {
        let end = index + literal.utf8CodeUnitCount
        guard end <= bytes.count, equals(index..<end, literal) else { return false }
        index = end
        return true
    }

    private mutating func skipNumber() -> Bool {
        _ = skip(UInt8(ascii: "-"))
        guard skip(UInt8(ascii: "0")) || skipDigits() else { return false }
        if skip(UInt8(ascii: ".")) { guard skipDigits() else { return false } }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            _ = skip(UInt8(ascii: "+")) || skip(UInt8(ascii: "-"))
            guard skipDigits() else { return false }
        }
        return true
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipDigits() -> Bool {
        let start = index
        while index < bytes.count, bytes[index] &- UInt8(ascii: "0") <= 9 { index += 1 }
        return index > start
    }
}
