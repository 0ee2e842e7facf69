/// Brings the times of what waits in the file to a wall clock that was set back, a slice a commit.
///
/// A pause keeps what was left of it; what was due stays due. Times that users gave (`notBefore`, `expiresAfter`) mean the wall clock and
/// stay as they are. A clock that was set forward needs none of this: what waits is due too early, by no more than its pause.
struct ClockWalk: Sendable {
    /// So many rows are looked at in one commit.
    static let slice = 5_000

    private enum Stage { case journal, outbox, dedupe, over }

    let number: Int
    /// What the clock would say had nobody set it back, or the newest time in the file, in microseconds since 1970.
    let horizon: Int64
    private var stage = Stage.journal
    private var cursor: Int64 = 0

    init(number: Int, horizon: Int64) {
        self.number = number
        self.horizon = horizon
    }

    var isOver: Bool { stage == .over }

    /// - Parameter longestPause: of a command, in microseconds.
    mutating func step(_ transaction: Transaction, now: Int64, longestPause: Int64) throws {
        let horizon = horizon
        switch stage {
        case .journal:
            let scanned = try JournalTable.moveTimes(transaction, after: &cursor, above: now, limit: Self.slice) { row in
                Self.time(of: row, horizon: horizon, now: now)
            }
            if scanned < Self.slice { (stage, cursor) = (.outbox, 0) }
        case .outbox:
            let scanned = try OutboxTable.moveTimes(transaction, after: &cursor, above: now, limit: Self.slice) { row in
                Self.time(of: row, horizon: horizon, now: now, longestPause: longestPause)
            }
            if scanned < Self.slice { stage = .dedupe }
        case .dedupe:
            if try DedupeTable.moveTimes(transaction, to: now, limit: Self.slice) < Self.slice { stage = .over }
        case .over:
            break
        }
    }

    /// - Returns: when an entry may be handled that waits for a time to come; `nil` where that is right as it is.
    static func time(of row: JournalTable.WaitingTime, horizon: Int64, now: Int64) -> Int64? {
        // Nothing but a failed attempt makes an entry wait.
        guard row.attempts > 0 else { return now }
        // Written by a clock that was not ahead.
        guard row.writtenAt > now else { return nil }
        return now + max(0, row.availableAt - horizon)
    }

    /// - Returns: the same for a command.
    static func time(of row: OutboxTable.WaitingTime, horizon: Int64, now: Int64, longestPause: Int64) -> Int64? {
        let isUsers = !row.wasTried && row.availableAt > row.enqueuedAt
        guard !isUsers else { return nil }
        guard row.attempts > 0 else { return now }
        return now + min(max(0, row.availableAt - horizon), longestPause)
    }
}

extension CommandRetryPolicy {
    /// No command waits longer for its next try.
    var longestPause: Duration {
        rules.values.reduce(max(cap, unreachablePause)) { longest, rule in
            if case .retry(_, _, let cap) = rule { max(longest, cap) } else { longest }
        }
    }
}
