/// The verbs of the journal. Each takes the open transaction; whoever opened it commits.
enum JournalTable {
    /// Adds a message.
    ///
    /// - Parameters:
    ///   - id: given out by the transaction (`nextID`).
    ///   - state: `.running` where it is handed out as soon as this commits (the attempt counts from here), `.pending` where
    ///     it waits in the file, `.dead` where it cannot be understood.
    ///   - lane: where it is not the client.
    static func append(
        _ transaction: Transaction,
        id: Int64,
        state: EntryState,
        run: Int64,
        topic: String,
        node: String,
        client: String,
        clientIsNumber: Bool,
        receivedAt: Int64,
        data: UnsafeRawBufferPointer,
        lane: String? = nil,
        dedupeKey: String? = nil,
        error: String? = nil
    ) throws {
        let insert = try transaction.connection.statement(
            """
            INSERT OR FAIL INTO journal
                (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane, last_error,
                dedupe_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
            """)
        insert.bind(1, id)
        insert.bind(2, state.rawValue)
        insert.bind(3, state == .running ? 1 : 0)
        insert.bind(4, clientIsNumber ? EntryFlags.clientIsNumber.rawValue : 0)
        insert.bind(5, run)
        insert.bind(9, receivedAt)
        insert.bind(10, state.isFinished ? transaction.now : receivedAt)
        insert.bindBytes(11, data)
        if let lane { insert.bind(12, lane) }
        if let dedupeKey { insert.bind(14, dedupeKey) }
        if let error { insert.bind(13, error.boundedError) }
        try topic.lend { topic in
            try node.lend { node in
                try client.lend { client in
                    insert.bindText(6, topic)
                    insert.bindText(7, node)
                    insert.bindText(8, client)
                    try insert.run()
                }
            }
        }
        transaction.count(1, to: state.rawValue, in: .journal)
    }

    /// The next waiting entries above `cursor`, oldest first. `body` answers whether to go on.
    ///
    /// - Returns: how many entries were looked at; fewer than `limit` only where there are no more.
    static func scan(
        _ connection: Connection,
        after cursor: Int64,
        limit: Int,
        _ body: (WaitingEntry) -> Bool
    ) throws -> Int {
        // `state < 8` is the index's own condition, to the letter; without it SQLite would scan the table.
        let select = try connection.statement(
            """
            SELECT id, attempts, flags, topic, node, client, received_at, state_at, lane, data
            FROM journal WHERE state < 8 AND state = 2 AND id > ?1 ORDER BY id LIMIT ?2
            """)
        select.bind(1, cursor)
        select.bind(2, Int64(limit))
        defer { select.reset() }
        var scanned = 0
        while try select.step() {
            guard try body(WaitingEntry(select)) else { return limit }
            scanned += 1
        }
        return scanned
    }

    /// Marks waiting entries as claimed by this run; the attempt counts from here.
    ///
    /// An operator may have changed an entry that waits; such a one is left as it is.
    ///
    /// - Parameter ids: ascending.
    /// - Returns: those that were not waiting any more.
    static func claim(_ transaction: Transaction, ids: [Int64], run: Int64) throws -> Set<Int64> {
        let changed = try IDRuns(ids).update(
            transaction.connection,
            ranges: """
                UPDATE OR FAIL journal SET state = 3, attempts = attempts + 1, run = ?3
                WHERE id BETWEEN ?1 AND ?2 AND state = 2
                """,
            singles: """
                UPDATE OR FAIL journal SET state = 3, attempts = attempts + 1, run = ?3
                WHERE id IN (SELECT value FROM json_each(?1)) AND state = 2
                """
        ) { $0.bind(3, run) }
        transaction.count(changed, from: EntryState.pending.rawValue, to: EntryState.running.rawValue, in: .journal)
        guard changed != ids.count else { return [] }
        var lost = Set(ids)
        let select = try transaction.connection.statement(
            "SELECT id FROM journal WHERE id IN (SELECT value FROM json_each(?1)) AND state = 3 AND run = ?2")
        select.bind(1, ids.jsonText)
        select.bind(2, run)
        try select.forEach { lost.remove($0.int(0)) }
        try expect(changed, ids.count - lost.count, "claimed")
        return lost
    }

    /// What the file says of entries that this process holds and has not claimed.
    ///
    /// - Parameter ids: entries that were waiting when they were looked at last.
    /// - Returns: those that wait, with their times; and those that are finished or not there any more.
    static func recheck(
        _ connection: Connection, ids: [Int64]
    ) throws -> (waiting: [(id: Int64, attempts: Int, availableAt: Int64)], gone: Set<Int64>) {
        var gone = Set(ids)
        var waiting: [(id: Int64, attempts: Int, availableAt: Int64)] = []
        let select = try connection.statement(
            "SELECT id, state, attempts, state_at FROM journal WHERE id IN (SELECT value FROM json_each(?1))")
        select.bind(1, ids.jsonText)
        try select.forEach { row in
            guard row.int(1) < EntryState.done.rawValue else { return }
            gone.remove(row.int(0))
            if row.int(1) == EntryState.pending.rawValue { waiting.append((row.int(0), row.count(2), row.time(3))) }
        }
        return (waiting, gone)
    }

    /// Whether nothing more happens to the entry by itself; one that is not there any more was.
    static func isEnded(_ transaction: Transaction, id: Int64) throws -> Bool {
        let select = try transaction.connection.statement("SELECT state FROM journal WHERE id = ?1")
        select.bind(1, id)
        return try select.first { $0.int(0) >= EntryState.done.rawValue } ?? true
    }

    /// Marks entries as handled.
    ///
    /// - Parameter ids: ascending.
    static func finish(_ transaction: Transaction, ids: [Int64]) throws {
        let changed = try IDRuns(ids).update(
            transaction.connection,
            ranges: "UPDATE OR FAIL journal SET state = 8, state_at = ?3 WHERE id BETWEEN ?1 AND ?2 AND state = 3",
            singles: """
                UPDATE OR FAIL journal SET state = 8, state_at = ?3
                WHERE id IN (SELECT value FROM json_each(?1)) AND state = 3
                """
        ) { $0.bind(3, transaction.now) }
        transaction.count(changed, from: EntryState.running.rawValue, to: EntryState.done.rawValue, in: .journal)
        try expect(changed, ids.count, "finished")
    }

    /// Gives claimed entries back whose handler was never started; the attempt does not count.
    static func release(_ transaction: Transaction, ids: [Int64]) throws {
        let changed = try IDRuns(ids).update(
            transaction.connection,
            ranges: """
                UPDATE OR FAIL journal SET state = 2, attempts = attempts - 1
                WHERE id BETWEEN ?1 AND ?2 AND state = 3
                """,
            singles: """
                UPDATE OR FAIL journal SET state = 2, attempts = attempts - 1
                WHERE id IN (SELECT value FROM json_each(?1)) AND state = 3
                """
        ) { _ in }
        transaction.count(changed, from: EntryState.running.rawValue, to: EntryState.pending.rawValue, in: .journal)
        try expect(changed, ids.count, "released")
    }

    /// Puts a failed entry back, to be handled again at `availableAt`.
    static func retry(
        _ transaction: Transaction, id: Int64, availableAt: Int64, attempt: FailedAttempt, run: Int64
    ) throws {
        try move(transaction, id: id, to: .pending, at: availableAt, attempt: attempt, run: run)
    }

    /// Gives an entry up.
    static func bury(_ transaction: Transaction, id: Int64, attempt: FailedAttempt, run: Int64) throws {
        try move(transaction, id: id, to: .dead, at: transaction.now, attempt: attempt, run: run)
    }

    private static func move(
        _ transaction: Transaction, id: Int64, to state: EntryState, at time: Int64, attempt: FailedAttempt, run: Int64
    ) throws {
        let update = try transaction.connection.statement(
            """
            UPDATE OR FAIL journal SET state = ?2, state_at = ?3, last_error = ?4, flags = flags & 1, attempts = attempts - ?5
            WHERE id = ?1 AND state = 3
            """)
        update.bind(5, attempt.counts ? 0 : 1)
        update.bind(1, id)
        update.bind(2, state.rawValue)
        update.bind(3, time)
        update.bind(4, attempt.error.boundedError)
        try update.run()
        try expect(transaction.connection.changes, 1, "moved to \(state)")
        transaction.count(1, from: EntryState.running.rawValue, to: state.rawValue, in: .journal)
        try record(transaction, attempt, of: id, run: run)
    }

    /// Marks an entry as one that may have killed its process.
    static func suspect(_ transaction: Transaction, id: Int64) throws {
        let mark = try transaction.connection.statement("UPDATE OR FAIL journal SET flags = flags | 2 WHERE id = ?1")
        mark.bind(1, id)
        try mark.run()
    }

    static func record(_ transaction: Transaction, _ attempt: FailedAttempt, of id: Int64, run: Int64) throws {
        let insert = try transaction.connection.statement(
            """
            INSERT OR REPLACE INTO attempt (entry, number, outcome, run, started_at, ended_at, error)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            """)
        insert.bind(1, id)
        insert.bind(2, Int64(attempt.number))
        insert.bind(3, attempt.outcome.rawValue)
        insert.bind(4, run)
        insert.bind(5, attempt.startedAt)
        insert.bind(6, attempt.endedAt)
        insert.bind(7, attempt.error.boundedError)
        try insert.run()
    }

    /// A row that is not in the state this consumer put it into was changed by somebody who does not keep the rules.
    private static func expect(_ changed: Int, _ wanted: Int, _ verb: String) throws {
        guard changed == wanted else {
            throw ConnmixError(
                .corrupt,
                "\(wanted) journal entries were to be \(verb) and only \(changed) were in the right state; another program writes to this database"
            )
        }
    }
}
