/// New commands on their way into the outbox, several a statement (`RowBatch`). They are there after `finish`.
struct NewCommands {
    private let transaction: Transaction
    private let batch: RowBatch

    init(_ transaction: Transaction) throws {
        self.transaction = transaction
        batch = try RowBatch(
            transaction.connection,
            one: """
                INSERT OR FAIL INTO outbox
                    (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, state_at,
                    data)
                VALUES (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            many: """
                INSERT OR FAIL INTO outbox
                    (id, state, kind, attempts, writes, flags, message_id, node, target, function, lane, enqueued_at, state_at,
                    data)
                VALUES
                    (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?),
                    (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?),
                    (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?),
                    (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, 2, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
    }

    /// Adds a command: see `OutboxTable.enqueue`.
    func enqueue(_ command: NewCommand, data: UnsafeRawBufferPointer) throws -> Int64 {
        let bytes =
            data.count + command.target.utf8.count + (command.node?.utf8.count ?? 0) + (command.function?.utf8.count ?? 0)
            + (command.lane?.utf8.count ?? 0)
        guard bytes <= RowBatch.rowBytes, command.extras == nil else {
            try batch.finish()
            return try OutboxTable.enqueue(transaction, command, data: data)
        }
        let id = try transaction.nextID(.outbox)
        batch.add(id)
        batch.add(command.kind.rawValue)
        batch.add(command.flags.rawValue)
        batch.add(command.messageID)
        batch.add(command.node)
        batch.add(command.target)
        batch.add(command.function)
        batch.add(command.lane)
        batch.add(transaction.now)
        batch.add(transaction.now)
        batch.add(data)
        try batch.endRow()
        transaction.count(1, to: CommandState.pending.rawValue, in: .outbox)
        return id
    }

    func finish() throws { try batch.finish() }
}
