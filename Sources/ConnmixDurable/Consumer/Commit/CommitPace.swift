/// Decides whether a commit begins at once or waits for company. Pure.
///
/// A commit writes the same handful of pages, and flushes them as often, for one entry as for twenty. While every handler is busy
/// nobody gains by an early one, so commits are then a little apart, and each carries what gathers meanwhile. As soon as a handler
/// has nothing to do it may be waiting for what the next commit brings, and that begins at once.
struct CommitPace: Sendable {
    /// What a handler's outcome waits at most, in microseconds from the end of the last commit.
    static let spacing: Int64 = 4_000
    /// The same where messages wait that are not in the file yet: each is at risk until it is.
    static let spacingAtRisk: Int64 = 1_000

    private var lastEnd: Int64 = 0
    /// When the commit may begin that is held back.
    private(set) var heldUntil: Int64?

    /// Whether a commit is wanted and held back.
    var isHeldBack: Bool { heldUntil != nil }

    /// - Returns: when the commit may begin; `nil` for at once.
    mutating func hold(now: Int64, isAtRisk: Bool) -> Int64? {
        let time = lastEnd + (isAtRisk ? Self.spacingAtRisk : Self.spacing)
        // Whoever asks later, and could wait longer, does not put it off.
        let first = min(heldUntil ?? time, time)
        // A clock that was set back must not hold anything for long.
        guard now >= lastEnd, now < first else { return nil }
        heldUntil = first
        return first
    }

    /// The clock was set: what is left of a wait stays.
    mutating func clockJumped(by jump: Int64) {
        lastEnd += jump
        heldUntil? += jump
    }

    mutating func began() {
        heldUntil = nil
    }

    mutating func ended(now: Int64) {
        lastEnd = now
    }
}
