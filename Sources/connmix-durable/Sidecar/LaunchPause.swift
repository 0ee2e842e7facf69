/// When a program that cannot be started is tried again, and when that is said. Pure.
///
/// One for all messages and workers: what they start is the same program, and a hundred tries at once tell no more than one.
struct LaunchPause {
    static let shortest = Duration.milliseconds(100)
    static let longest = Duration.seconds(5)
    /// How often it is said while it lasts.
    static let silence = Duration.seconds(60)
    /// How soon it may be said again where it was over meanwhile.
    static let relapse = Duration.seconds(5)

    private var pause = Self.shortest
    private var failedAt: ContinuousClock.Instant?
    private var saidAt: ContinuousClock.Instant?
    private var isSaid = false
    /// Starts that failed since one succeeded.
    private(set) var failures = 0
    /// No start is tried before.
    private(set) var until: ContinuousClock.Instant?

    var isTroubled: Bool { failures > 0 }

    /// - Parameter begunAt: when this start was tried. Those that were tried before the last failure was known are of one round
    ///   with it, and lengthen nothing.
    /// - Returns: whether that is to be said now.
    mutating func failed(begunAt: ContinuousClock.Instant, now: ContinuousClock.Instant) -> Bool {
        failures += 1
        if failedAt.map({ begunAt >= $0 }) ?? true {
            until = now + pause
            pause = min(pause * 2, Self.longest)
            failedAt = now
        }
        if let saidAt, now - saidAt < (isSaid ? Self.silence : Self.relapse) { return false }
        (saidAt, isSaid) = (now, true)
        return true
    }

    /// - Returns: how many starts had failed before, where that was said.
    mutating func succeeded() -> Int? {
        defer {
            self = LaunchPause(saidAt: saidAt)
        }
        return isSaid ? failures : nil
    }

    init() {}

    private init(saidAt: ContinuousClock.Instant?) {
        self.saidAt = saidAt
    }
}
