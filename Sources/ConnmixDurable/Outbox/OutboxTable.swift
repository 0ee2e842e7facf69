/// The verbs of the outbox. Each takes the open transaction; whoever opened it commits.
enum OutboxTable {
    /// Adds a command.
    ///
    /// - Returns: its id.
    static func enqueue(_ transaction: Transaction, _ command: NewCommand, data: UnsafeRawBufferPointer) throws -> Int64 {
        let insert = try transaction.connection.statement(
            command.extras == nil
                ? """
                INSERT OR FAIL INTO outbox
                    (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, state_at, data)
                VALUES (?1, 2, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
                """
                : """
                INSERT OR FAIL INTO outbox
                    (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, data,
                    state_at, expires_at, idempotency_key, compaction_key)
                VALUES (?1, 2, ?2, 0, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
                """)
        if let extras = command.extras {
            insert.bind(11, max(transaction.now, extras.notBefore ?? 0))
            insert.bind(12, extras.expiresAt)
            insert.bind(13, extras.idempotencyKey)
            insert.bind(14, extras.compactionKey)
        }
        let id = try transaction.nextID(.outbox)
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
        _ connection: Connection, after cursor: Int64, limit: Int, _ body: (WaitingCommand) throws -> Bool
    ) throws -> Int {
        let select = try connection.statement(
            """
            SELECT id, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, state_at, data,
                expires_at
            FROM outbox WHERE state < 8 AND id > ?1 ORDER BY id LIMIT ?2
            """)
        select.bind(1, cursor)
        select.bind(2, Int64(limit))
        defer { select.reset() }
        var scanned = 0
        while try select.step() {
            guard try body(WaitingCommand(select)) else { return limit }
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
            UPDATE OR FAIL outbox SET attempts = ?2, writes = ?3, state_at = ?4, code = ?5, last_error = ?6, flags = flags & ~16
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

    /// Notes that a command is about to be written to a socket, for the only time.
    ///
    /// - Returns: whether it was still waiting.
    static func markWriting(_ transaction: Transaction, id: Int64) throws -> Bool {
        let update = try transaction.connection.statement(
            "UPDATE OR FAIL outbox SET writes = writes + 1, flags = flags | 16 WHERE id = ?1 AND state = 2")
        update.bind(1, id)
        try update.run()
        return transaction.connection.changes == 1
    }

    /// Notes of every waiting command that may be written once only that it may have been: the file is a copy, and what became of them
    /// since it was made is not known.
    static func markAdopted(_ transaction: Transaction) throws {
        try transaction.connection.run("UPDATE OR FAIL outbox SET flags = flags | 16 WHERE state < 8 AND flags & 4 != 0")
    }

    /// The command that has this key already.
    static func id(_ connection: Connection, idempotencyKey: String) throws -> Int64? {
        let select = try connection.statement("SELECT id FROM outbox WHERE idempotency_key IS NOT NULL AND idempotency_key = ?1")
        select.bind(1, idempotencyKey)
        return try select.first { $0.int(0) }
    }

    /// Waiting commands that a later one of the same key may supersede, and that no socket has seen.
    static func unwritten(_ connection: Connection, compactionKey: String) throws -> [Int64] {
        let select = try connection.statement(
            """
            SELECT id FROM outbox WHERE state < 8 AND compaction_key IS NOT NULL AND compaction_key = ?1 AND writes = 0
            """)
        select.bind(1, compactionKey)
        var ids: [Int64] = []
        try select.forEach { ids.append($0.int(0)) }
        return ids
    }

    static func supersede(_ transaction: Transaction, ids: [Int64], by id: Int64) throws {
        for old in ids {
            try settle(
                transaction, id: old,
                Settlement(state: .superseded, attempts: 0, writes: 0, error: "superseded by command \(id)"))
        }
    }

    /// The waiting commands whose time has run out, oldest first.
    static func expired(_ transaction: Transaction, limit: Int) throws -> [(id: Int64, attempts: Int, writes: Int)] {
        let select = try transaction.connection.statement(
            """
            SELECT id, attempts, writes FROM outbox WHERE state < 8 AND expires_at IS NOT NULL AND expires_at <= ?1
            ORDER BY expires_at LIMIT ?2
            """)
        select.bind(1, transaction.now)
        select.bind(2, Int64(limit))
        var rows: [(Int64, Int, Int)] = []
        try select.forEach { rows.append(($0.int(0), $0.count(1), $0.count(2))) }
        return rows
    }

    /// A command that waits, as somebody else may have left it.
    struct Waiting {
        let id: Int64
        let attempts: Int
        let availableAt: Int64
        let expiresAt: Int64?
    }

    /// What the file says of commands that this process knows of.
    ///
    /// - Returns: those that wait; and how the others ended. Those that are not there any more are in neither.
    static func recheck(
        _ connection: Connection, ids: [Int64]
    ) throws -> (waiting: [Waiting], settled: [(id: Int64, Settlement)]) {
        let select = try connection.statement(
            """
            SELECT id, state, attempts, writes, state_at, node, code, last_error, delivered, failed, expires_at
            FROM outbox WHERE id IN (SELECT value FROM json_each(?1))
            """)
        select.bind(1, ids.jsonText)
        var waiting: [Waiting] = []
        var settled: [(Int64, Settlement)] = []
        try select.forEach { row in
            let state: CommandState = try row.known(1, "state", of: "command \(row.int(0))")
            if state == .pending {
                waiting.append(
                    Waiting(
                        id: row.int(0), attempts: row.count(2), availableAt: row.time(4), expiresAt: row.optionalTime(10)))
            } else {
                settled.append((row.int(0), Settlement(row, state)))
            }
        }
        return (waiting, settled)
    }

    static func exists(_ connection: Connection, id: Int64) throws -> Bool {
        let select = try connection.statement("SELECT 1 FROM outbox WHERE id = ?1")
        select.bind(1, id)
        return try select.first { _ in true } ?? false
    }

    /// How a command ended; `nil` while it is pending, and where there is none.
    static func settlement(_ connection: Connection, of id: Int64) throws -> Settlement? {
        try recheck(connection, ids: [id]).settled.first?.1
    }
}

extension Settlement {
    fileprivate init(_ row: Statement, _ state: CommandState) {
        self.init(
            state: state, attempts: row.count(2), writes: row.count(3), node: row.optionalText(5),
            code: row.optionalInt(6), error: row.optionalText(7), delivered: row.optionalInt(8), failed: row.optionalInt(9))
    }
}
