/// New entries on their way into the journal, several a statement (`RowBatch`). They are there after `finish`.
struct NewEntries {
    private let transaction: Transaction
    private let run: Int64
    private let batch: RowBatch

    /// - Parameter run: the run that takes them.
    init(_ transaction: Transaction, run: Int64) throws {
        self.transaction = transaction
        self.run = run
        batch = try RowBatch(
            transaction.connection,
            one: """
                INSERT OR FAIL INTO journal
                    (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane, last_error,
                    dedupe_key)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            many: """
                INSERT OR FAIL INTO journal
                    (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane, last_error,
                    dedupe_key)
                VALUES
                    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?),
                    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?),
                    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?),
                    (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
    }

    /// Adds a message: see `JournalTable.append`.
    func append(
        id: Int64,
        state: EntryState,
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
        let bytes =
            data.count + topic.utf8.count + node.utf8.count + client.utf8.count + (lane?.utf8.count ?? 0)
            + (dedupeKey?.utf8.count ?? 0)
        guard bytes <= RowBatch.rowBytes, error == nil else {
            try batch.finish()
            return try JournalTable.append(
                transaction, id: id, state: state, run: run, topic: topic, node: node, client: client,
                clientIsNumber: clientIsNumber, receivedAt: receivedAt, data: data, lane: lane, dedupeKey: dedupeKey,
                error: error)
        }
        batch.add(id)
        batch.add(state.rawValue)
        batch.add(state == .running ? 1 : 0)
        batch.add(clientIsNumber ? EntryFlags.clientIsNumber.rawValue : 0)
        batch.add(run)
        batch.add(topic)
        batch.add(node)
        batch.add(client)
        batch.add(receivedAt)
        batch.add(state.isFinished ? transaction.now : receivedAt)
        batch.add(data)
        batch.add(lane)
        batch.add(nil as Int64?)
        batch.add(dedupeKey)
        try batch.endRow()
        transaction.count(1, to: state.rawValue, in: .journal)
    }

    func finish() throws { try batch.finish() }
}
