extension Duration {
    /// For people, in the unit that fits: `250 ms`, `3 s`, `1.25 s`. What is left of a limit is not shown to the microsecond.
    package var text: String {
        let (seconds, attoseconds) = components
        guard seconds > -1_000_000_000, seconds < 1_000_000_000 else { return "\(seconds) s" }
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        let size = abs(microseconds)
        let sign = microseconds < 0 ? "-" : ""
        return switch size {
        case 0: "0 s"
        case ..<10_000: "\(sign)\(Self.decimal(size, of: 1_000)) ms"
        case ..<995_000: "\(sign)\((size + 500) / 1_000) ms"
        case ..<100_000_000: "\(sign)\(Self.decimal((size + 5_000) / 10_000, of: 100)) s"
        default: "\(sign)\((size + 500_000) / 1_000_000) s"
        }
    }

    /// The quotient without zeros at its end.
    private static func decimal(_ amount: Int64, of unit: Int64) -> String {
        var (rest, digits) = (amount % unit, "")
        while rest > 0 {
            rest *= 10
            digits += "\(rest / unit)"
            rest %= unit
        }
        return "\(amount / unit)" + (digits.isEmpty ? "" : ".\(digits)")
    }
}
