/// The verbs of the outbox. Each takes the open transaction; whoever opened it commits.
enum OutboxTable {
    /// Adds a command.
    ///
    /// - Returns: its id.
    static func enqueue(_ transaction: Transaction, _ command: NewCommand, data: UnsafeRawBufferPointer) throws -> Int64 {
        let insert = try transaction.connection.statement(
            """
            INSERT OR FAIL INTO outbox
                (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, state_at, data)
            VALUES (?1, 2, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
            """)
        let id = transaction.nextID(.outbox)
        insert.bind(1, id)
        insert.bind(2, command.kind.rawValue)
        insert.bind(3, command.flags.rawValue)
        insert.bind(4, command.messageID)
        if let function = command.function { insert.bind(7, function) }
        insert.bind(9, transaction.now)
        insert.bindBytes(10, data)
        try (command.node ?? "").lend { node in
            try (command.lane ?? "").lend { lane in
                try command.target.lend { target in
                    if command.node != nil { insert.bindText(5, node) }
                    if command.lane != nil { insert.bindText(8, lane) }
                    insert.bindText(6, target)
                    try insert.run()
                }
            }
        }
        transaction.count(1, to: CommandState.pending.rawValue, in: .outbox)
        return id
    }

    /// The next open commands above `cursor`, oldest first. `body` answers whether to go on.
    ///
    /// - Returns: how many commands were looked at; fewer than `limit` only where there are no more.
    static func scan(
        _ connection: Connection, after cursor: Int64, limit: Int, _ body: (OpenCommand) -> Bool
    ) throws -> Int {
        let select = try connection.statement(
            """
            SELECT id, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, state_at, data
            FROM outbox WHERE state < 8 AND id > ?1 ORDER BY id LIMIT ?2
            """)
        select.bind(1, cursor)
        select.bind(2, Int64(limit))
        defer { select.reset() }
        var scanned = 0
        while try select.step() {
            guard body(OpenCommand(select)) else { return limit }
            scanned += 1
        }
        return scanned
    }

    /// Marks commands as answered at their first write, the common case.
    ///
    /// - Parameter ids: ascending.
    static func markSent(_ transaction: Transaction, ids: [Int64]) throws {
        let changed = try IDRuns(ids).update(
            transaction.connection,
            ranges: """
                UPDATE OR FAIL outbox SET state = 8, attempts = 1, writes = 1, state_at = ?3
                WHERE id BETWEEN ?1 AND ?2 AND state = 2
                """,
            singles: """
                UPDATE OR FAIL outbox SET state = 8, attempts = 1, writes = 1, state_at = ?3
                WHERE id IN (SELECT value FROM json_each(?1)) AND state = 2
                """
        ) { $0.bind(3, transaction.now) }
        transaction.count(changed, from: CommandState.pending.rawValue, to: CommandState.sent.rawValue, in: .outbox)
    }

    /// Ends a command. One that somebody else ended meanwhile (an operator's cancel) keeps that end.
    static func settle(_ transaction: Transaction, id: Int64, _ settlement: Settlement) throws {
        let update = try transaction.connection.statement(
            """
            UPDATE OR FAIL outbox SET state = ?2, attempts = ?3, writes = ?4, node = coalesce(?5, node), code = ?6,
                last_error = coalesce(?7, last_error), delivered = ?8, failed = ?9, state_at = ?10
            WHERE id = ?1 AND state = 2
            """)
        update.bind(1, id)
        update.bind(2, settlement.state.rawValue)
        update.bind(3, Int64(settlement.attempts))
        update.bind(4, Int64(settlement.writes))
        update.bind(5, settlement.node)
        update.bind(6, settlement.code)
        update.bind(7, settlement.error.map { $0.boundedError })
        update.bind(8, settlement.delivered)
        update.bind(9, settlement.failed)
        update.bind(10, transaction.now)
        try update.run()
        transaction.count(
            transaction.connection.changes, from: CommandState.pending.rawValue, to: settlement.state.rawValue, in: .outbox)
    }

    /// Keeps a command for another try at `availableAt`.
    static func postpone(
        _ transaction: Transaction, id: Int64, attempts: Int, writes: Int, availableAt: Int64, code: Int64?, error: String
    ) throws {
        let update = try transaction.connection.statement(
            """
            UPDATE OR FAIL outbox SET attempts = ?2, writes = ?3, state_at = ?4, code = ?5, last_error = ?6
            WHERE id = ?1 AND state = 2
            """)
        update.bind(1, id)
        update.bind(2, Int64(attempts))
        update.bind(3, Int64(writes))
        update.bind(4, availableAt)
        update.bind(5, code)
        update.bind(6, error.boundedError)
        try update.run()
    }
}
