/// Times of waiting rows that a clock that was set back has left in the future.
extension JournalTable {
    struct WaitingTime: Equatable {
        var attempts: Int
        var availableAt: Int64
        /// When the last attempt failed, or when it was received.
        var writtenAt: Int64
    }

    /// Looks at the next waiting entries, oldest first, and moves the times of those that wait for a time to come.
    ///
    /// - Returns: how many entries were looked at.
    static func moveTimes(
        _ transaction: Transaction, after cursor: inout Int64, above now: Int64, limit: Int,
        _ judge: (WaitingTime) -> Int64?
    ) throws -> Int {
        let select = try transaction.connection.statement(
            """
            SELECT id, attempts, state_at, CASE WHEN state_at > ?3
                THEN coalesce((SELECT max(ended_at) FROM attempt WHERE entry = journal.id), received_at) END
            FROM journal WHERE state < 8 AND state = 2 AND id > ?1 ORDER BY id LIMIT ?2
            """)
        select.bind(1, cursor)
        select.bind(2, Int64(limit))
        select.bind(3, now)
        var moved: [(id: Int64, time: Int64)] = []
        var scanned = 0
        try select.forEach { row in
            cursor = row.int(0)
            scanned += 1
            guard let writtenAt = row.optionalInt(3) else { return }
            let waiting = WaitingTime(attempts: Int(row.int(1)), availableAt: row.int(2), writtenAt: writtenAt)
            if let time = judge(waiting) { moved.append((row.int(0), time)) }
        }
        let update = try transaction.connection.statement("UPDATE OR FAIL journal SET state_at = ?2 WHERE id = ?1 AND state = 2")
        for (id, time) in moved {
            update.bind(1, id)
            update.bind(2, time)
            try update.run()
        }
        return scanned
    }
}

extension DedupeTable {
    /// Keys that were seen in the future are as old as can be told: just seen.
    ///
    /// - Returns: how many were moved.
    static func moveTimes(_ transaction: Transaction, to now: Int64, limit: Int) throws -> Int {
        let update = try transaction.connection.statement(
            "UPDATE dedupe SET seen_at = ?1 WHERE key IN (SELECT key FROM dedupe WHERE seen_at > ?1 LIMIT ?2)")
        update.bind(1, now)
        update.bind(2, Int64(limit))
        try update.run()
        return transaction.connection.changes
    }
}
