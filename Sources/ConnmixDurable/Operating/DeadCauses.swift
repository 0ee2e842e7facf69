/// Dead entries by cause.
enum DeadCauses {
    /// More are not looked at: whoever shows this waits for it.
    private static let limit = 10_000

    /// What died since a time, the most frequent cause first.
    static func since(
        _ connection: Connection, _ time: Int64
    ) throws -> (causes: [ActivityReport.DeadCause], isCut: Bool) {
        // No index knows when an entry died. But what died failed at that time, or is among the newest that are dead: those that could
        // not be read have no attempts. Whether it is dead the index says without the row. CROSS JOIN keeps the order of attempts
        // (https://sqlite.org/optoverview.html#manual_control_of_query_plans_using_cross_join).
        let select = try connection.statement(
            """
            SELECT entry, error FROM (SELECT entry, error FROM attempt WHERE ended_at >= ?1 ORDER BY ended_at DESC LIMIT ?2)
                CROSS JOIN journal INDEXED BY journal_troubled ON id = entry AND state > 8
            WHERE state = 9
            UNION ALL
            SELECT id, last_error FROM journal
            WHERE id IN (SELECT id FROM (SELECT id, state, attempts FROM journal WHERE state > 8 ORDER BY id DESC LIMIT 1000)
                WHERE state = 9 AND attempts = 0) AND state_at >= ?1
            """)
        select.bind(1, time)
        select.bind(2, Int64(limit))
        var found: [String: (count: Int, newest: Int64)] = [:]
        var seen: Set<Int64> = []
        // Most errors are the same to the letter.
        var names: [String: String] = [:]
        try select.forEach { row in
            // The newest attempt is the one it died of.
            guard seen.insert(row.int(0)).inserted else { return }
            let error = row.text(1)
            let cause = names[error] ?? FailureCause.name(of: error)
            names[error] = cause
            let known = found[cause] ?? (0, 0)
            found[cause] = (known.count + 1, max(known.newest, row.int(0)))
        }
        let causes = found.map { ActivityReport.DeadCause(cause: $0.key, count: $0.value.count, newestEntry: $0.value.newest) }
        let failed = try JournalReader.failedAttempts(connection, from: time, to: .max, limit: limit)
        return (
            causes.sorted { ($0.count, $1.cause) > ($1.count, $0.cause) }, failed >= limit
        )
    }
}

extension JournalReader {
    /// How many attempts failed after `from`, up to `to`; no more than `limit` are counted.
    static func failedAttempts(_ connection: Connection, from: Int64, to: Int64, limit: Int = 1_000_000) throws -> Int64 {
        let select = try connection.statement(
            "SELECT count(*) FROM (SELECT 1 FROM attempt WHERE ended_at > ?1 AND ended_at <= ?2 LIMIT ?3)")
        select.bind(1, from)
        select.bind(2, to)
        select.bind(3, Int64(limit))
        return try select.first { $0.int(0) } ?? 0
    }

    /// The highest id of an entry that was received before a time, 0 where there is none.
    ///
    /// Ids grow with the time: the place is found in some twenty steps, without an index on it.
    static func lastID(_ connection: Connection, before time: Int64) throws -> Int64 {
        let next = try connection.statement("SELECT id, received_at FROM journal WHERE id >= ?1 ORDER BY id LIMIT 1")
        var low: Int64 = 0
        var high = try connection.integer("SELECT max(id) FROM journal")
        while low < high {
            // The first entry from the middle on decides for all before it.
            let middle = low + (high - low) / 2 + 1
            next.bind(1, middle)
            guard let found = try next.first({ (id: $0.int(0), time: $0.int(1)) }), found.time < time else {
                high = middle - 1
                continue
            }
            low = max(middle, min(found.id, high))
        }
        return low
    }
}
