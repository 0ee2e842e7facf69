/// How long something takes or is ago, as people say it.
enum Age {
    /// `3m` for a time three minutes ago; times to come are `in 5s`.
    static func text(_ time: Int64, now: Int64) -> String {
        let (age, isTooLarge) = now.subtractingReportingOverflow(time)
        // A time that is no time of a clock; its age has no number.
        if isTooLarge { return now >= time ? text(microseconds: .max) : "in " + text(microseconds: .max) }
        return age >= 0 ? text(microseconds: age) : "in " + text(microseconds: -age)
    }

    static func text(microseconds: Int64) -> String {
        let seconds = microseconds / 1_000_000
        switch seconds {
        case ..<1: return "\(microseconds / 1_000)ms"
        case ..<120: return "\(seconds)s"
        case ..<7_200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// Reads `90s`, `5m`, `2h`, `3d`, `1w`, `250ms`; fractions are allowed.
    static func microseconds(_ text: String) -> Int64? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units: [Substring: Double] = [
            "ms": 1e3, "s": 1e6, "m": 60e6, "h": 3_600e6, "d": 86_400e6, "w": 604_800e6,
        ]
        guard let amount = Double(number), let unit = units[text.dropFirst(number.count)] else { return nil }
        let result = amount * unit
        return result.isFinite && result >= 0 && result < 9e18 ? Int64(result) : nil
    }
}
