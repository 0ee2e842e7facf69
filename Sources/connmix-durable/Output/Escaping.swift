import ConnmixDurable

extension String {
    /// The text with everything written out that could act on a terminal instead of being seen on it: control characters,
    /// and the invisible ones that turn the direction of writing or hide text.
    var escapedForTerminal: String {
        guard unicodeScalars.contains(where: \.actsOnTerminal) else { return self }
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            guard scalar.actsOnTerminal else {
                result.append(scalar)
                continue
            }
            result.append(contentsOf: scalar.escaped.unicodeScalars)
        }
        return String(result)
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

    fileprivate var escaped: String {
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
