import ArgumentParser
import ConnmixDurable

/// `50/s`, `600/m`, `5/h`, or `50` for so many a second.
struct Rate: ExpressibleByArgument {
    /// One a day. Less is no pace that anybody waits for.
    private static let slowest = 1.0 / 86_400

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
        guard let number = Double(parts[0]), number.isFinite, number / seconds >= Self.slowest else { return nil }
        perSecond = number / seconds
    }
}

/// Says how many rows may be changed when. Pure.
///
/// Not faster than was asked for; and beside a consumer that is busy only for a twentieth of the time, since its commits wait while
/// rows are changed. That it is busy shows in that this had to wait as well.
struct Pace {
    /// A quarter of a second's worth goes at once, so that a transaction is worth its price and the flow stays even.
    private static let grain = 0.25
    /// A transaction that waited less found nobody in its way.
    private static let collision = Duration.milliseconds(1)
    /// So many transactions in a row that found nobody, and nobody is busy.
    private static let proof = 4
    private static let longest = Duration.seconds(5)

    let rate: Rate?
    private var done = 0
    private var undisturbed = Self.proof

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
    /// - Parameters:
    ///   - elapsed: since the beginning.
    ///   - write: how their transaction went.
    /// - Returns: how long to wait before the next.
    mutating func pause(after count: Int, elapsed: Duration, _ write: WriteTimes) -> Duration {
        done += count
        undisturbed = write.waited > Self.collision ? 0 : min(undisturbed + 1, Self.proof)
        let courtesy = undisturbed < Self.proof ? min(write.held * 19, Self.longest) : .zero
        guard let rate else { return courtesy }
        // No sum of seconds is longer than a duration can be.
        return max(courtesy, .seconds(min(Double(done) / rate.perSecond, 1e12)) - elapsed)
    }
}
