/// What failures that are alike have in common: their error without what is different each time.
enum CauseName {
    /// No name is made of more of an error than this.
    private static let limit = 1_024

    /// The error, with `#` for runs of digits and long words of hexadecimal digits.
    static func of(_ error: String) -> String { String(decoding: bytes(of: error), as: UTF8.self) }

    static func bytes(of error: String) -> [UInt8] {
        var name: [UInt8] = []
        var word: [UInt8] = []
        func flush() {
            let digits = word.count { isDigit($0) }
            if digits > 0, word.count >= 8, word.allSatisfy(isHex) {
                name.append(UInt8(ascii: "#"))
            } else {
                var isInRun = false
                for byte in word {
                    if !isDigit(byte) { name.append(byte) } else if !isInRun { name.append(UInt8(ascii: "#")) }
                    isInRun = isDigit(byte)
                }
            }
            word.removeAll(keepingCapacity: true)
        }
        for byte in beginning(of: ErrorText.withoutEvidence(error)) {
            if isDigit(byte) || isLetter(byte) {
                word.append(byte)
            } else {
                flush()
                name.append(byte)
            }
        }
        flush()
        return name
    }

    /// Up to the limit, without a part of a character.
    private static func beginning(of error: Substring) -> Substring.UTF8View {
        var end = error.utf8.index(error.startIndex, offsetBy: limit, limitedBy: error.endIndex) ?? error.endIndex
        while end < error.endIndex, error.utf8[end] & 0xC0 == 0x80 { end = error.utf8.index(before: end) }
        return error[..<end].utf8
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

    static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6 }
}
