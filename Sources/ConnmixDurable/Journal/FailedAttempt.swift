/// An attempt that did not succeed, as it is kept.
struct FailedAttempt: Sendable {
    /// Counted from 1.
    var number: Int
    var outcome: AttemptOutcome
    /// Microseconds since 1970.
    var startedAt: Int64
    var endedAt: Int64
    var error: String
    /// Whether it brings the entry nearer to its limit.
    var counts = true
}
