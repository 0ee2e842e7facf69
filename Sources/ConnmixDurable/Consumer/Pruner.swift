/// Decides which slice of finished rows is deleted next. Pure but for the rows it is shown.
///
/// It walks each ledger from its oldest row. Where it meets a row that is too young it rests, and begins again at the oldest.
struct Pruner: Sendable {
    static let slice = 1_000
    /// The pause between two walks, in microseconds.
    private static let rest: Int64 = 10_000_000

    let retention: Retention
    private var cursors: [Ledger: Int64] = [:]
    /// By the steady clock.
    private var restUntil: [Ledger: Int64] = [:]

    init(_ retention: Retention) {
        self.retention = retention
    }

    /// - Parameter now: by the steady clock.
    func isDue(now: Int64) -> Bool {
        guard retention != Retention() else { return false }
        return Ledger.allCases.contains { restUntil[$0, default: 0] <= now }
    }

    /// Deletes at most a slice of each ledger.
    ///
    /// - Parameter now: by the steady clock; what is old is old by the transaction's.
    /// - Returns: how many rows.
    mutating func prune(_ transaction: Transaction, now: Int64) throws -> Int {
        var deleted = 0
        for ledger in Ledger.allCases where restUntil[ledger, default: 0] <= now {
            let isTooLarge = try retention.bytes.map { try transaction.connection.usedBytes() > $0 } ?? false
            // Over the size any age is old enough.
            let before = isTooLarge ? Int64.max : retention.age.map { transaction.now - $0.microseconds }
            guard let before else {
                restUntil[ledger] = now + Self.rest
                continue
            }
            let walk = try PrunedRows.delete(
                transaction, ledger, after: cursors[ledger, default: 0], before: before, limit: Self.slice)
            deleted += walk.deleted
            cursors[ledger] = walk.last
            if walk.isAtEnd {
                cursors[ledger] = 0
                restUntil[ledger] = now + Self.rest
            }
        }
        return deleted
    }
}
