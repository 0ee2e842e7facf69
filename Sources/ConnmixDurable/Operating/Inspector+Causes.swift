/// Why messages failed.
extension Inspector {
    private static let page = 5_000

    /// The failures between two times, grouped by their errors, most messages first.
    ///
    /// Each message counts once, for its last failure in that time; one that was replayed does not, its replay does. Numbers in errors are
    /// made equal (`FailureCause.name`), so that "order 17 not found" and "order 18 not found" are one cause. Reads in short pages.
    ///
    /// - Parameters:
    ///   - since: in microseconds since 1970.
    ///   - until: before that time.
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func causes(since: Int64, until: Int64 = .max) throws -> [FailureCause] {
        try causes(since: since, until: until) { _ in }
    }

    /// The same, telling after each read how many rows it went over.
    package func causes(since: Int64, until: Int64, looked: (Int) throws -> Void) throws -> [FailureCause] {
        var tally = CauseTally()
        var cursor = AttemptCursor(time: since, entry: .min, number: .min)
        var isLast = false
        while !isLast {
            let failures = try read { try Self.failures($0, from: cursor, until: until, limit: Self.page) }
            for failure in failures where !failure.isReplayed {
                tally.add(entry: failure.at.entry, at: failure.at.time, error: failure.error)
            }
            cursor = failures.last?.at ?? cursor
            try looked(failures.count)
            isLast = failures.count < Self.page
        }
        // What was dead on arrival has no attempt. Newest first, down to what was received before (ids grow in the order of arrival)
        // and is older than all that failed.
        let oldest = tally.oldestEntry ?? .max
        var floor = Int64.max
        isLast = false
        while !isLast {
            let page = try read { try Self.troubled($0, below: floor, limit: Self.page) }
            let unread = page.filter { $0.isDead && $0.attempts == 0 }.map(\.id)
            for failure in try read({ try Self.deadOnArrival($0, unread, since: since, until: until) }) {
                tally.add(entry: failure.id, at: failure.time, error: failure.error)
            }
            for entry in page where entry.isDead { tally.isDead(entry.id) }
            floor = page.last?.id ?? floor
            try looked(page.count)
            isLast = page.count < Self.page || floor < oldest && page.allSatisfy { $0.receivedAt < since }
        }
        return tally.causes
    }

    private struct AttemptCursor {
        var time: Int64
        var entry: Int64
        var number: Int64
    }

    private static func failures(
        _ connection: Connection, from cursor: AttemptCursor, until: Int64, limit: Int
    ) throws -> [(at: AttemptCursor, error: String, isReplayed: Bool)] {
        // The columns of `attempt_by_time` and of the key that it points to, in their order.
        let select = try connection.statement(
            """
            SELECT ended_at, entry, number, error,
                EXISTS (SELECT 1 FROM journal INDEXED BY journal_troubled WHERE id = entry AND state > 8 AND state = 11)
            FROM attempt
            WHERE (ended_at, entry, number) > (?1, ?2, ?3) AND ended_at < ?4
            ORDER BY ended_at, entry, number LIMIT ?5
            """)
        select.bind(1, cursor.time)
        select.bind(2, cursor.entry)
        select.bind(3, cursor.number)
        select.bind(4, until)
        select.bind(5, Int64(limit))
        var failures: [(at: AttemptCursor, error: String, isReplayed: Bool)] = []
        try select.forEach { row in
            let at = AttemptCursor(time: row.int(0), entry: row.int(1), number: row.int(2))
            failures.append((at, row.text(3), row.int(4) != 0))
        }
        return failures
    }

    struct TroubledEntry {
        var id: Int64
        var isDead: Bool
        var attempts: Int64
        var receivedAt: Int64
    }

    /// From the index `journal_troubled` alone.
    static func troubled(_ connection: Connection, below: Int64, limit: Int) throws -> [TroubledEntry] {
        let select = try connection.statement(
            """
            SELECT id, state = 9, attempts, received_at FROM journal
            WHERE state > 8 AND id < ?1 ORDER BY id DESC LIMIT ?2
            """)
        select.bind(1, below)
        select.bind(2, Int64(limit))
        var entries: [TroubledEntry] = []
        try select.forEach { row in
            entries.append(
                TroubledEntry(id: row.int(0), isDead: row.int(1) != 0, attempts: row.int(2), receivedAt: row.int(3)))
        }
        return entries
    }

    /// Those of the entries that died within the time.
    private static func deadOnArrival(
        _ connection: Connection, _ ids: [Int64], since: Int64, until: Int64
    ) throws -> [(id: Int64, time: Int64, error: String)] {
        let select = try connection.statement("SELECT state_at, last_error FROM journal WHERE id = ?1 AND state = 9")
        return try ids.compactMap { id in
            select.bind(1, id)
            guard let found = try select.first({ (time: $0.int(0), error: $0.text(1)) }) else { return nil }
            return found.time >= since && found.time < until ? (id, found.time, found.error) : nil
        }
    }
}
