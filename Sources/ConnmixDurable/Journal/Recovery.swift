/// What to do with entries that a dead process had claimed.
///
/// One of them may have killed it. Which one is not known where several were claimed: all are suspects then, their attempt
/// counted, and are handled alone until an attempt has finished. Where one was being handled alone, or was the only one, it
/// is convicted, and buried when its attempts are used up; the others were only waiting and lose nothing (promise P6).
enum Recovery {
    struct Outcome: Equatable {
        var suspects = 0
        var buried = 0
        var released = 0
    }

    /// - Parameter parks: whether a buried entry's lane stands still.
    static func run(
        _ transaction: Transaction, run: Int64, maxAttempts: Int, parks: Bool = false
    ) throws -> Outcome {
        var claimed: [(id: Int64, attempts: Int, flags: EntryFlags, since: Int64)] = []
        let select = try transaction.connection.statement(
            "SELECT id, attempts, flags, state_at FROM journal WHERE state < 8 AND state = 3 ORDER BY id")
        try select.forEach { row in
            claimed.append((row.int(0), Int(row.int(1)), EntryFlags(rawValue: row.int(2)), row.int(3)))
        }
        let alone = claimed.first { $0.flags.contains(.alone) } ?? (claimed.count == 1 ? claimed.first : nil)
        var outcome = Outcome()
        for entry in claimed {
            if let alone, alone.id != entry.id {
                try Journal.release(transaction, ids: [entry.id])
                outcome.released += 1
                continue
            }
            let error =
                alone != nil
                ? "the process died while it handled this entry (attempt \(entry.attempts))"
                : "the process died while it handled this entry or one of \(claimed.count - 1) others (attempt \(entry.attempts))"
            let attempt = FailedAttempt(
                number: entry.attempts, outcome: .crashed, startedAt: entry.since, endedAt: transaction.now, error: error)
            if alone != nil, entry.attempts >= maxAttempts {
                try Journal.bury(transaction, id: entry.id, attempt: attempt, run: run)
                if parks, let lane = try lane(transaction, of: entry.id) {
                    try ParkedLanes.park(transaction, lane: lane, entry: entry.id, reason: error)
                }
                outcome.buried += 1
            } else {
                try Journal.retry(transaction, id: entry.id, availableAt: transaction.now, attempt: attempt, run: run)
                try Journal.suspect(transaction, id: entry.id)
                outcome.suspects += 1
            }
        }
        return outcome
    }

    /// The lane's name; `nil` where the entry has none.
    private static func lane(_ transaction: Transaction, of id: Int64) throws -> String? {
        let select = try transaction.connection.statement("SELECT coalesce(lane, client) FROM journal WHERE id = ?1")
        select.bind(1, id)
        let name = try select.first { $0.text(0) } ?? ""
        return name.isEmpty ? nil : name
    }
}
