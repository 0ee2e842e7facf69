import Glibc

/// Times as text. In the database they are microseconds since 1970, UTC.
enum Timestamp {
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// RFC 3339 in UTC with microseconds: `2026-08-01T12:00:00.000000Z`.
    static func text(_ microseconds: Int64) -> String {
        let (seconds, fraction) = microseconds.flooredDivision(by: 1_000_000)
        let (days, ofDay) = seconds.flooredDivision(by: 86_400)
        let (year, month, day) = civil(days: days)
        if (0...9_999).contains(year) { return text(year, month, day, ofDay, fraction) }
        return pad(year, 4) + "-" + pad(month, 2) + "-" + pad(day, 2) + "T" + pad(ofDay / 3_600, 2) + ":"
            + pad(ofDay / 60 % 60, 2) + ":" + pad(ofDay % 60, 2) + "." + pad(fraction, 6) + "Z"
    }

    /// The same without a string for each part.
    private static func text(_ year: Int64, _ month: Int64, _ day: Int64, _ ofDay: Int64, _ fraction: Int64) -> String {
        String(unsafeUninitializedCapacity: 27) { text in
            var place = 0
            func add(_ number: Int64, _ digits: Int, _ end: Unicode.Scalar) {
                var rest = number
                for digit in stride(from: place + digits - 1, through: place, by: -1) {
                    text[digit] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                text[place + digits] = UInt8(ascii: end)
                place += digits + 1
            }
            add(year, 4, "-")
            add(month, 2, "-")
            add(day, 2, "T")
            add(ofDay / 3_600, 2, ":")
            add(ofDay / 60 % 60, 2, ":")
            add(ofDay % 60, 2, ".")
            add(fraction, 6, "Z")
            return place
        }
    }

    /// Reads RFC 3339 with any offset and up to nine digits of a second's fraction.
    static func microseconds(_ text: String) -> Int64? {
        guard let match = text.wholeMatch(of: pattern),
            let year = Int64(match.1), let month = Int64(match.2), let day = Int64(match.3),
            let hour = Int64(match.4), let minute = Int64(match.5), let second = Int64(match.6),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = days(year: year, month: month, day: day)
        guard civil(days: days) == (year, month, day) else { return nil }
        let digits = String((match.7 ?? "0").prefix(6))
        let fraction = Int64(digits + String(repeating: "0", count: 6 - digits.count)) ?? 0
        var offset: Int64 = 0
        if let sign = match.8, let hours = match.9.flatMap({ Int64($0) }), let minutes = match.10.flatMap({ Int64($0) }) {
            offset = (hours * 3_600 + minutes * 60) * (sign == "-" ? -1 : 1)
        }
        return (days * 86_400 + hour * 3_600 + minute * 60 + second - offset) * 1_000_000 + fraction
    }

    nonisolated(unsafe) private static let pattern =
        /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))/

    private static func pad(_ number: Int64, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    // The arithmetic of https://howardhinnant.github.io/date_algorithms.html: years begin in March, so that the leap day
    // is the last one.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let (era, yearOfEra) = (month <= 2 ? year - 1 : year).flooredDivision(by: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).flooredDivision(by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let place = (5 * dayOfYear + 2) / 153
        let month = place < 10 ? place + 3 : place - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * place + 2) / 5 + 1)
    }
}

extension Int64 {
    fileprivate func flooredDivision(by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
