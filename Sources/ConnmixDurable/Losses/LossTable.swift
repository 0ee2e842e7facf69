/// The rows of the loss ledger: connections (`epoch`) and times without consumption (`gap`). Only the consumer writes them.
enum LossTable {
    /// The newest so many rows of each table are kept, whatever the retention says.
    static let keptRows: Int64 = 10_000

    static func write(_ transaction: Transaction, _ rows: LossRows.Batch, run: Int64) throws {
        for row in rows.epochs { try write(transaction, row, run: run) }
        for row in rows.gaps { try write(transaction, row, run: run) }
    }

    private static func write(_ transaction: Transaction, _ row: LossRows.Epoch, run: Int64) throws {
        let upsert = try transaction.connection.statement(
            """
            INSERT INTO epoch (id, run, node, address, opened_at, consuming_at, closed_at, clean, frames, bytes,
                first_entry, last_entry, reason)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (id) DO UPDATE SET consuming_at = excluded.consuming_at, closed_at = excluded.closed_at,
                clean = excluded.clean, frames = excluded.frames, bytes = excluded.bytes,
                first_entry = excluded.first_entry, last_entry = excluded.last_entry, reason = excluded.reason
            """)
        upsert.bind(1, row.id)
        upsert.bind(2, run)
        upsert.bind(3, row.node.id)
        upsert.bind(4, row.node.address)
        upsert.bind(5, row.openedAt)
        upsert.bind(6, row.consumingAt)
        upsert.bind(7, row.closedAt)
        upsert.bind(8, row.isClean ? 1 : 0)
        upsert.bind(9, row.frames)
        upsert.bind(10, row.bytes)
        upsert.bind(11, row.firstEntry)
        upsert.bind(12, row.lastEntry)
        upsert.bind(13, row.reason)
        try upsert.run()
    }

    private static func write(_ transaction: Transaction, _ row: LossRows.Gap, run: Int64) throws {
        let upsert = try transaction.connection.statement(
            """
            INSERT INTO gap (id, run, node, address, began_at, ended_at, reason, times, consumed, cause)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at, reason = excluded.reason,
                times = excluded.times, consumed = excluded.consumed, cause = excluded.cause
            """)
        upsert.bind(1, row.id)
        upsert.bind(2, run)
        upsert.bind(3, row.node.id)
        upsert.bind(4, row.node.address)
        upsert.bind(5, row.beganAt)
        upsert.bind(6, row.endedAt)
        upsert.bind(7, row.reason)
        upsert.bind(8, row.times)
        upsert.bind(9, row.consumed)
        upsert.bind(10, row.began.cause.rawValue)
        try upsert.run()
    }

    /// Deletes what ended before that time, and what is more than `keptRows`. The newest rows stay: a new one comes after them.
    static func prune(_ transaction: Transaction, before: Int64?) throws {
        let connection = transaction.connection
        let prunings: [Statement] = [
            try connection.statement(
                """
                DELETE FROM epoch WHERE closed_at IS NOT NULL
                    AND (id <= (SELECT max(id) FROM epoch) - ?1 OR closed_at < ?2 AND id < (SELECT max(id) FROM epoch))
                """),
            try connection.statement(
                """
                DELETE FROM gap WHERE ended_at IS NOT NULL
                    AND (id <= (SELECT max(id) FROM gap) - ?1 OR ended_at < ?2 AND id < (SELECT max(id) FROM gap))
                """),
        ]
        for pruning in prunings {
            pruning.bind(1, keptRows)
            pruning.bind(2, before)
            try pruning.run()
        }
    }

    // MARK: The run before

    /// The ledger of a run that begins. The nodes that it inherits are in a gap from now on, in the file too: it may die before it
    /// has heard of one.
    ///
    /// - Parameter account: what the run before said of itself last.
    static func begin(_ transaction: Transaction, run: Int64, account: LiveAccount.Reading? = nil) throws -> LossLedger {
        var ledger = LossLedger(try inherit(transaction, run: run, account: account), now: transaction.now)
        var rows = ledger.takeRows(now: transaction.now)
        rows.mayPrune = false  // the next rows' commit does it
        try write(transaction, rows, run: run)
        ledger.written(rows)
        return ledger
    }

    /// Closes what the run before left open, and writes down that no consumer ran since then.
    static func inherit(
        _ transaction: Transaction, run: Int64, account: LiveAccount.Reading? = nil
    ) throws -> LossRows.Inheritance {
        var inheritance = LossRows.Inheritance()
        // Before the first row is added: there may be no room for one.
        for table in [NumberedTable.epoch, .gap] { _ = try table.lastID(transaction.connection) }
        if let last = try lastSignOfLife(transaction, before: run) {
            inheritance.nodes = try openGaps(transaction)
            if last.isClean {
                try closeGaps(transaction, at: transaction.now)
            } else {
                let atRisk = account.flatMap { $0.run == last.run ? $0.atRisk : nil }
                try inheritFromDead(transaction, last.run, last.time, atRisk: atRisk, &inheritance)
            }
        }
        inheritance.lastEpoch = try NumberedTable.epoch.lastID(transaction.connection)
        inheritance.lastGap = try NumberedTable.gap.lastID(transaction.connection)
        return inheritance
    }

    private static func inheritFromDead(
        _ transaction: Transaction, _ dead: Int64, _ time: Int64, atRisk: Int64?,
        _ inheritance: inout LossRows.Inheritance
    ) throws {
        let known = inheritance.nodes
        inheritance.nodes += try accountedNodes(transaction, of: dead).filter { !known.contains($0) }
        let close = try transaction.connection.statement(
            """
            UPDATE epoch SET closed_at = max(?1, opened_at), clean = 0, reason = ?2, cause = ?3
            WHERE closed_at IS NULL
            """)
        close.bind(1, time)
        close.bind(2, EpochRecord.death(atRisk: atRisk))
        close.bind(3, EpochCause.processDied.rawValue)
        try close.run()
        // One that began when the consumer was stopping goes on; the others ended where nobody knows any more.
        let other = try transaction.connection.statement(
            "UPDATE gap SET ended_at = max(?1, began_at) WHERE ended_at IS NULL AND cause <> ?2")
        other.bind(1, time)
        other.bind(2, GapCause.noConsumer.rawValue)
        try other.run()
        let away = Set(try openGaps(transaction))
        try closeGaps(transaction, at: transaction.now)
        let insert = try transaction.connection.statement(
            "INSERT INTO gap (run, node, address, began_at, ended_at, reason, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        for node in inheritance.nodes where !away.contains(node) {
            insert.bind(1, dead)
            insert.bind(2, node.id)
            insert.bind(3, node.address)
            insert.bind(4, time)
            insert.bind(5, transaction.now)
            insert.bind(6, GapReason.diedAway.text)
            insert.bind(7, GapReason.diedAway.cause.rawValue)
            try insert.run()
        }
    }

    /// The run before, and when it was surely there for the last time. An idle consumer writes nothing, so it may have lived longer.
    private static func lastSignOfLife(
        _ transaction: Transaction, before run: Int64
    ) throws -> (run: Int64, time: Int64, isClean: Bool)? {
        let select = try transaction.connection.statement(
            """
            SELECT id, clean, max(started_at, coalesce(ended_at, 0),
                coalesce((SELECT updated_at FROM runtime WHERE runtime.run = run.id), 0),
                coalesce((SELECT max(max(opened_at, coalesce(closed_at, 0))) FROM epoch WHERE epoch.run = run.id), 0),
                coalesce((SELECT max(max(began_at, coalesce(ended_at, 0))) FROM gap WHERE gap.run = run.id), 0),
                coalesce((SELECT max(received_at) FROM (SELECT received_at, replay_of FROM journal ORDER BY id DESC LIMIT 1000)
                    WHERE replay_of IS NULL), 0))
            FROM run WHERE id > 0 AND id < ?1 ORDER BY id DESC LIMIT 1
            """)
        select.bind(1, run)
        // A clock that was set back must not put the end after the next beginning.
        return try select.first { ($0.int(0), min($0.time(2), transaction.now), $0.int(1) == 1) }
    }

    /// As of its last account, which is written with the commit after every change. One that cannot be read costs the ledger these
    /// nodes' gap, and must not keep a consumer from starting.
    private static func accountedNodes(_ transaction: Transaction, of run: Int64) throws -> [LossRows.Node] {
        guard let account = try RunTable.account(transaction.connection, of: run) else { return [] }
        let nodes = (try? AccountText.nodes(account.nodesJSON)) ?? []
        return nodes.map { .init(id: $0.id, address: $0.address) }
    }

    private static func openGaps(_ transaction: Transaction) throws -> [LossRows.Node] {
        let select = try transaction.connection.statement(
            "SELECT DISTINCT node, address FROM gap WHERE ended_at IS NULL ORDER BY node")
        var nodes: [LossRows.Node] = []
        try select.forEach { nodes.append(.init(id: $0.text(0), address: $0.text(1))) }
        return nodes
    }

    private static func closeGaps(_ transaction: Transaction, at time: Int64) throws {
        let close = try transaction.connection.statement(
            "UPDATE gap SET ended_at = max(?1, began_at) WHERE ended_at IS NULL")
        close.bind(1, time)
        try close.run()
    }
}
