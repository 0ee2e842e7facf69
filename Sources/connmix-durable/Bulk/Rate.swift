import ArgumentParser

/// `50/s`, `600/m`, or `50` for so many a second.
struct Rate: ExpressibleByArgument {
    let perSecond: Double

    init?(argument: String) {
        let parts = argument.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let seconds: Double
        switch parts.count == 2 ? parts[1] : "s" {
        case "s": seconds = 1
        case "m": seconds = 60
        case "h": seconds = 3_600
        default: return nil
        }
        guard let number = Double(parts[0]), number > 0, number.isFinite else { return nil }
        perSecond = number / seconds
    }
}

/// Says how many rows may be changed when. Pure.
struct Pace {
    /// A quarter of a second's worth goes at once, so that a transaction is worth its price and the flow stays even.
    private static let grain = 0.25

    let rate: Rate?
    private var done = 0

    init(_ rate: Rate?) {
        self.rate = rate
    }

    /// How many rows may go at once.
    func allowance(most: Int) -> Int {
        guard let rate else { return most }
        return max(1, Int(min(Double(most), rate.perSecond * Self.grain)))
    }

    /// So many were changed.
    ///
    /// - Parameter elapsed: since the beginning.
    /// - Returns: how long to wait before the next.
    mutating func pause(after count: Int, elapsed: Duration) -> Duration {
        done += count
        guard let rate else { return .zero }
        return max(.zero, .seconds(Double(done) / rate.perSecond) - elapsed)
    }
}
