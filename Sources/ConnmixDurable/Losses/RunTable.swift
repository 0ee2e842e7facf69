/// The rows about the consumer itself: its runs, and its live account for `status`.
enum RunTable {
    static func begin(
        _ transaction: Transaction, pid: Int64, version: String, handlerVersion: String?, synchronous: Synchronous,
        atRiskLimit: Int? = nil
    ) throws -> Int64 {
        _ = try NumberedTable.run.lastID(transaction.connection)
        let insert = try transaction.connection.statement(
            """
            INSERT INTO run (pid, version, handler_version, synchronous, started_at, at_risk_limit)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """)
        insert.bind(1, pid)
        insert.bind(2, version)
        insert.bind(3, handlerVersion)
        insert.bind(4, synchronous.rawValue)
        insert.bind(5, transaction.now)
        insert.bind(6, atRiskLimit.map { Int64($0) })
        try insert.run()
        return transaction.connection.lastInsertedID
    }

    /// The process that has begun a run after this one.
    static func successor(_ connection: Connection, of run: Int64) throws -> Int64? {
        let select = try connection.statement("SELECT pid FROM run WHERE id > ?1 ORDER BY id DESC LIMIT 1")
        select.bind(1, run)
        return try select.first { $0.int(0) }
    }

    /// Writes down the most that the newest run had at risk, where it died: its rows end with its last commit.
    static func closeDead(_ transaction: Transaction, account: LiveAccount.Reading?) throws {
        let select = try transaction.connection.statement(
            "SELECT id, clean, at_risk_high, at_risk_limit FROM run ORDER BY id DESC LIMIT 1")
        let last = try select.first { (id: $0.int(0), isClean: $0.int(1) == 1, high: $0.int(2), limit: $0.optionalInt(3)) }
        guard let last, !last.isClean else { return }
        let update = try transaction.connection.statement("UPDATE run SET at_risk_high = ?2 WHERE id = ?1")
        update.bind(1, last.id)
        update.bind(2, atRiskHigh(ofDead: last.id, recorded: last.high, limit: last.limit, account: account))
        try update.run()
    }

    /// The most that a run which died had at risk at one time: a bound that held.
    ///
    /// - Parameters:
    ///   - recorded: with its last commit that said so.
    ///   - account: what the newest run said of itself last. Where nothing is known of this one, its limit is all that can be said.
    static func atRiskHigh(ofDead run: Int64, recorded: Int64, limit: Int64?, account: LiveAccount.Reading?) -> Int64 {
        guard let account, account.run <= run else { return max(recorded, limit ?? recorded) }
        // One that had not begun its account had read nothing.
        return account.run == run ? max(recorded, account.atRiskHigh) : recorded
    }

    static func recovered(_ transaction: Transaction, run: Int64, entries: Int) throws {
        let update = try transaction.connection.statement("UPDATE run SET recovered = ?2 WHERE id = ?1")
        update.bind(1, run)
        update.bind(2, Int64(entries))
        try update.run()
    }

    static func end(_ transaction: Transaction, run: Int64) throws {
        let update = try transaction.connection.statement("UPDATE run SET ended_at = ?2, clean = 1 WHERE id = ?1")
        update.bind(1, run)
        update.bind(2, transaction.now)
        try update.run()
    }

    static func account(
        _ transaction: Transaction, run: Int64, atRisk: Int, highWater: Int, nodes: [NodeIdentity: NodeState], paused: String?,
        waiting: [StatusReport.Waiting], work: StatusReport.Work = .init()
    ) throws {
        let upsert = try transaction.connection.statement(
            """
            INSERT INTO runtime (id, run, updated_at, at_risk, at_risk_high, nodes, paused, waiting, work)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (id) DO UPDATE SET run = excluded.run, updated_at = excluded.updated_at,
                at_risk = excluded.at_risk, at_risk_high = excluded.at_risk_high, nodes = excluded.nodes,
                paused = excluded.paused, waiting = excluded.waiting, work = excluded.work
            """)
        upsert.bind(1, run)
        upsert.bind(2, transaction.now)
        upsert.bind(3, Int64(atRisk))
        upsert.bind(4, Int64(highWater))
        upsert.bind(5, AccountText.of(nodes))
        upsert.bind(6, paused)
        upsert.bind(7, waiting.isEmpty ? nil : AccountText.of(waiting))
        upsert.bind(8, AccountText.of(work))
        try upsert.run()
        let high = try transaction.connection.statement(
            "UPDATE run SET at_risk_high = ?2 WHERE id = ?1 AND at_risk_high < ?2")
        high.bind(1, run)
        high.bind(2, Int64(highWater))
        try high.run()
    }

    // MARK: Reading

    /// The newest time that the file has of anything that happened.
    static func newestTime(_ connection: Connection) throws -> Int64? {
        let select = try connection.statement(
            """
            SELECT max(at) FROM (
                SELECT received_at AS at FROM journal WHERE id = (SELECT max(id) FROM journal)
                UNION ALL SELECT enqueued_at FROM outbox WHERE id = (SELECT max(id) FROM outbox)
                UNION ALL SELECT max(started_at, coalesce(ended_at, 0)) FROM run WHERE id = (SELECT max(id) FROM run)
                UNION ALL SELECT updated_at FROM runtime)
            """)
        return try select.first { $0.optionalTime(0) } ?? nil
    }

    static func newest(
        _ connection: Connection
    ) throws -> (
        id: Int64, version: String, handlerVersion: String?, synchronous: String, atRiskHigh: Int64, atRiskLimit: Int64?,
        isClean: Bool, startedAt: Int64
    )? {
        let select = try connection.statement(
            """
            SELECT id, version, handler_version, synchronous, at_risk_high, at_risk_limit, clean, started_at FROM run
            WHERE id > 0 ORDER BY id DESC LIMIT 1
            """)
        return try select.first {
            (
                $0.int(0), $0.text(1), $0.optionalText(2), $0.text(3), $0.amount(4), $0.optionalAmount(5), $0.int(6) == 1,
                $0.time(7)
            )
        }
    }

    /// The live account of a run; `nil` where the file still holds an earlier run's.
    static func account(
        _ connection: Connection, of run: Int64?
    ) throws -> (
        atRisk: Int64, highWater: Int64, nodesJSON: String, paused: String?, waitingJSON: String?, workJSON: String?,
        updatedAt: Int64
    )? {
        guard let run else { return nil }
        let select = try connection.statement(
            "SELECT at_risk, at_risk_high, nodes, paused, waiting, work, updated_at FROM runtime WHERE run = ?1")
        select.bind(1, run)
        return try select.first {
            (
                $0.amount(0), $0.amount(1), $0.text(2), $0.optionalText(3), $0.optionalText(4), $0.optionalText(5), $0.time(6)
            )
        }
    }
}

extension RunTable {
    /// Why the owner takes nothing. What it says beside the file counts: the row cannot be written while the disk refuses.
    static func paused(_ pause: (isKnown: Bool, reason: String?), account: String?) -> String? {
        pause.isKnown ? pause.reason : account
    }

    /// The stand-in for the runs of another file that had this handler version. Its id is below zero: it never ran here.
    static func foreign(_ transaction: Transaction, handlerVersion: String) throws -> Int64 {
        let connection = transaction.connection
        let select = try connection.statement("SELECT id FROM run WHERE id < 0 AND handler_version = ?1")
        select.bind(1, handlerVersion)
        if let found = try select.first({ $0.int(0) }) { return found }
        let insert = try connection.statement(
            """
            INSERT INTO run (id, pid, version, handler_version, synchronous, started_at, ended_at, clean)
            SELECT min(coalesce(min(id), 0), 0) - 1, 0, '', ?1, 'full', ?2, ?2, 1 FROM run
            """)
        insert.bind(1, handlerVersion)
        insert.bind(2, transaction.now)
        try insert.run()
        return connection.lastInsertedID
    }
}
