/// Standard base64 with padding (RFC 4648 section 4).
enum Base64 {
    static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3)
        var bits: UInt32 = 0
        var padding = 0
        for (index, byte) in text.enumerated() {
            var value: UInt8 = 0
            if byte == UInt8(ascii: "=") {
                guard index >= text.count - 2 else { return nil }
                padding += 1
            } else {
                guard padding == 0, let decoded = self.value(byte) else { return nil }
                value = decoded
            }
            bits = bits << 6 | UInt32(value)
            if index % 4 == 3 {
                result.append(UInt8(truncatingIfNeeded: bits >> 16))
                if padding < 2 { result.append(UInt8(truncatingIfNeeded: bits >> 8)) }
                if padding < 1 { result.append(UInt8(truncatingIfNeeded: bits)) }
                bits = 0
            }
        }
        return result
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41...0x5A: byte - 0x41
        case 0x61...0x7A: byte - 0x61 + 26
        case 0x30...0x39: byte - 0x30 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
