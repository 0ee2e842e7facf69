/// JSON strings: reading escapes, writing them.
enum JSONText {
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
