import NIOCore

/// JSON strings: decoding, comparing and writing them.
enum JSONText {
    /// The UTF-16 unit of the four hexadecimal digits at `index`.
    static func unit(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt16? {
        guard index + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for offset in 0..<4 {
            let digit: UInt8
            switch bytes[index + offset] {
            case let byte where (0x30...0x39).contains(byte): digit = byte - 0x30
            case let byte where (0x41...0x46).contains(byte): digit = byte - 0x41 + 10
            case let byte where (0x61...0x66).contains(byte): digit = byte - 0x61 + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    static func equals(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { expected in
            for (offset, byte) in expected.enumerated() where bytes[range.lowerBound + offset] != byte { return false }
            return true
        }
    }

    static func isString(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Bool {
        !range.isEmpty && bytes[range.lowerBound] == UInt8(ascii: "\"")
    }

    /// The content of a well-formed JSON string (`range` includes its quotes).
    /// Lone surrogates become U+FFFD.
    static func decode(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        guard range.count >= 2 else { return [] }
        let end = range.upperBound - 1
        var index = range.lowerBound + 1
        if !bytes[index..<end].contains(UInt8(ascii: "\\")) { return Array(bytes[index..<end]) }
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        while index < end {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < end else {
                result.append(byte)
                index += 1
                continue
            }
            let escape = bytes[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var units = [self.unit(bytes, at: index) ?? 0xFFFD]
                index += 4
                if UTF16.isLeadSurrogate(units[0]), index + 6 <= end, bytes[index] == UInt8(ascii: "\\"),
                    bytes[index + 1] == UInt8(ascii: "u"), let second = self.unit(bytes, at: index + 2),
                    UTF16.isTrailSurrogate(second)
                {
                    units.append(second)
                    index += 6
                }
                result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            default: result.append(escape)
            }
        }
        return result
    }

    static func string(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        String(decoding: self.decode(bytes, range), as: UTF8.self)
    }

    /// Appends `content` as the inside of a JSON string, without quotes.
    static func writeEscaped(_ content: some Sequence<UInt8>, into buffer: inout ByteBuffer) {
        for byte in content {
            switch byte {
            case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
            case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
            case 0x0A: buffer.writeStaticString("\\n")
            case 0x0D: buffer.writeStaticString("\\r")
            case 0x09: buffer.writeStaticString("\\t")
            case 0..<0x20:
                buffer.writeStaticString("\\u00")
                buffer.writeInteger(self.hexDigit(byte >> 4))
                buffer.writeInteger(self.hexDigit(byte & 15))
            default: buffer.writeInteger(byte)
            }
        }
    }

    /// `text` as a JSON string, with quotes.
    static func quoted(_ text: String) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt8(ascii: "\""))
        self.writeEscaped(text.utf8, into: &buffer)
        buffer.writeInteger(UInt8(ascii: "\""))
        return Array(buffer.readableBytesView)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 + value : 0x61 + value - 10
    }
}
