@testable import ConnmixDurable
@testable import connmix_durable

/// What people write behind flags: numbers, durations, dates, ranges, addresses.
enum FlagTarget {
    @Sendable static func run(_ bytes: UnsafeRawBufferPointer) throws {
        let text = bytes.text
        try durations(text)
        try times(text)
        try numbers(text)
        try addresses(text)
        _ = (RedactionRules(argument: text), StateList<EntryState>(argument: text), CauseID(argument: text))
        if let rules = RedactionRules(argument: text) {
            let again = RedactionRules(argument: rules.paths.map(RedactionRules.text).joined(separator: ","))
            try hold(again?.paths == rules.paths || rules.paths.contains { $0.first?.isEmpty == true }, "a path is read back")
        }
        _ = LaneChoice(argument: text)
    }

    private static func durations(_ text: String) throws {
        if let seconds = Seconds(argument: text) {
            try hold(seconds.duration >= .zero && seconds.duration <= .seconds(10_000_000), "seconds are bounded")
            try hold(!seconds.duration.text.isEmpty, "a duration has words")
        }
        if let either = SecondsOrAge(argument: text) { try hold(either.duration >= .zero, "an age is none to come") }
        if let age = Age.microseconds(text) {
            try hold(age >= 0, "an age is none to come")
            try hold(!Age.text(microseconds: age).isEmpty && !Age.text(.min, now: age).isEmpty, "an age has words")
        }
        if let rate = Rate(argument: text) {
            var pace = Pace(rate)
            try hold(rate.perSecond > 0 && rate.perSecond.isFinite, "a rate is one")
            try hold((1...500).contains(pace.allowance(most: 500)), "a step is bounded")
            let pause = pace.pause(after: 500, elapsed: .seconds(1), WriteTimes(waited: .zero, held: .zero))
            try hold(pause < .seconds(2e12), "a pause ends")
        }
    }

    private static func times(_ text: String) throws {
        guard let time = Timestamp.microseconds(text) else { return }
        let shown = Timestamp.text(time)
        // An offset may lead out of the years that have four digits.
        guard shown.utf8.count == 27, !shown.hasPrefix("-") else { return }
        try hold(Timestamp.microseconds(shown) == time, "a time is read back: \(text) is \(shown)")
        _ = TimePoint(argument: text)
    }

    private static func numbers(_ text: String) throws {
        if let ids = IDRanges(argument: text) {
            try hold(ids.ranges.allSatisfy { $0.lowerBound >= 0 && $0.single ?? 0 >= 0 }, "ids are not below zero")
        }
        if let count = ByteCount(argument: text) { try hold(count.bytes >= 0, "bytes are not below zero") }
    }

    private static func addresses(_ text: String) throws {
        if let address = try? NodeAddress(text, defaultPort: 6789) {
            try hold((try? NodeAddress("\(address)")) == address, "an address is read back: \(address)")
            try hold(RewriteRule.rewrite(address, by: [RewriteRule(argument: text)].compactMap(\.self)).port > 0, "a port is one")
        }
        switch Result(catching: { () throws(ConnmixError) in try CenterAddress(text) }) {
        case .success(let center):
            try hold((try? CenterAddress("\(center)"))?.address == center.address, "a center is read back: \(center)")
        case .failure(let error):
            try hold(error.message.unicodeScalars.allSatisfy(\.isForPeople), "an error can be shown: \(error)")
        }
        if let rule = RewriteRule(argument: text) { try hold(RewriteRule(argument: text) == rule, "a rule is read twice alike") }
        if let place = MetricsAddress(argument: text) {
            try hold((0...65_535).contains(place.port) && !place.host.isEmpty, "a place to listen is one")
        }
        if let place = HostAndPort(text, scheme: "http://") {
            try hold((1...65_535).contains(place.port) && !place.host.isEmpty, "a place is one")
        }
    }
}
