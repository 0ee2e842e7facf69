/// Times of waiting rows that a clock that was set back has left in the future.
extension OutboxTable {
    struct WaitingTime: Equatable {
        var attempts: Int
        /// It was written or refused before, in whatever life, or an operator had it sent.
        var wasTried: Bool
        var enqueuedAt: Int64
        var availableAt: Int64
    }

    /// Looks at the next waiting commands, oldest first, and moves the times of those that wait for a time to come.
    ///
    /// - Returns: how many commands were looked at.
    static func moveTimes(
        _ transaction: Transaction, after cursor: inout Int64, above now: Int64, limit: Int,
        _ judge: (WaitingTime) -> Int64?
    ) throws -> Int {
        let select = try transaction.connection.statement(
            """
            SELECT id, attempts, writes > 0 OR last_error IS NOT NULL OR flags & ?3, enqueued_at, state_at
            FROM outbox WHERE state < 8 AND id > ?1 ORDER BY id LIMIT ?2
            """)
        select.bind(1, cursor)
        select.bind(2, Int64(limit))
        select.bind(3, CommandFlags.retried.rawValue)
        var moved: [(id: Int64, time: Int64)] = []
        var scanned = 0
        try select.forEach { row in
            cursor = row.int(0)
            scanned += 1
            guard row.int(4) > now else { return }
            let waiting = WaitingTime(
                attempts: Int(row.int(1)), wasTried: row.int(2) != 0, enqueuedAt: row.int(3), availableAt: row.int(4))
            if let time = judge(waiting) { moved.append((row.int(0), time)) }
        }
        let update = try transaction.connection.statement("UPDATE OR FAIL outbox SET state_at = ?2 WHERE id = ?1 AND state = 2")
        for (id, time) in moved {
            update.bind(1, id)
            update.bind(2, time)
            try update.run()
        }
        return scanned
    }
}
