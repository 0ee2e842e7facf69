import ConnmixDurable

extension String {
    /// The text with everything written out that could act on a terminal instead of being seen on it: control characters,
    /// and the invisible ones that turn the direction of writing or hide text.
    var escapedForTerminal: String {
        guard unicodeScalars.contains(where: \.actsOnTerminal) else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            if scalar.actsOnTerminal { result += scalar.escaped } else { result += scalar.utf8 }
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension String {
    /// The beginning of the text, with an ellipsis where something is left out.
    func boundedForPeople(_ bytes: Int) -> String {
        utf8.count <= bytes ? self : bounded(toBytes: bytes) + "…"
    }
}

extension Unicode.Scalar {
    var actsOnTerminal: Bool {
        if value < 0x7F { return value < 0x20 }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        // Joiners are parts of emoji and of scripts; the others are seen by nobody.
        case .format: return value != 0x200D && value != 0x200C
        default: return false
        }
    }

    /// Of the control characters, worked out once: a payload may have millions of them.
    private static let escapes = (UInt32(0)..<0xA0).map { Array((Self($0)?.escape ?? "").utf8) }

    fileprivate var escaped: [UInt8] { value < 0xA0 ? Self.escapes[Int(value)] : Array(escape.utf8) }

    private var escape: String {
        switch value {
        case 0x0A: return "\\n"
        case 0x0D: return "\\r"
        case 0x09: return "\\t"
        default:
            let digits = String(value, radix: 16)
            return value <= 0xFFFF
                ? "\\u" + String(repeating: "0", count: 4 - digits.count) + digits : "\\u{\(digits)}"
        }
    }
}
