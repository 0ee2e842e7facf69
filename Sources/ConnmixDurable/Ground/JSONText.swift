/// JSON strings: reading escapes, writing them.
enum JSONText {
    /// Where the next quote, backslash or control character is, or the end. Eight bytes at a time.
    static func endOfPlain(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let quotes = word ^ (ones &* 0x22)
            let slashes = word ^ (ones &* 0x5C)
            // A byte's high bit is set where it is zero after the xor, or below 0x20 before it.
            let hit =
                ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
                | ((word &- (ones &* 0x20)) & ~word)
            guard hit & highs == 0 else {
                // The lowest is no false one: a borrow spoils only what stands above it.
                return index + (UInt64(littleEndian: hit & highs).trailingZeroBitCount >> 3)
            }
            index += 8
        }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
            index += 1
        }
        return index
    }

    static func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// Resolves the escapes of a string's content that a `JSONScanner` accepted.
    static func unescape(_ content: UnsafeBufferPointer<UInt8>) -> String {
        // Plain UTF-8 stays UTF-8; only `\u` needs UTF-16, for its surrogate pairs.
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var units: [UInt16] = []
        var index = 0
        func flush() {
            guard !units.isEmpty else { return }
            result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            units.removeAll(keepingCapacity: true)
        }
        while index < content.count {
            let byte = content[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < content.count else {
                flush()
                result.append(byte)
                index += 1
                continue
            }
            let kind = content[index + 1]
            if kind == UInt8(ascii: "u"), index + 5 < content.count {
                let unit = (2...5).reduce(UInt16(0)) { $0 << 4 | (hexValue(content[index + $1]) ?? 0) }
                units.append(unit)
                index += 6
                continue
            }
            flush()
            result.append(plainEscape(kind))
            index += 2
        }
        flush()
        return String(decoding: result, as: UTF8.self)
    }

    private static func plainEscape(_ kind: UInt8) -> UInt8 {
        switch kind {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: kind
        }
    }
}
