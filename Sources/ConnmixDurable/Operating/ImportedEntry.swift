/// An entry from outside, as `JournalImport` takes it: as it was in another file, or new.
package struct ImportedEntry: Sendable {
    /// Where it stands in what is imported, counted from 1.
    package var line: Int64
    package var topic: String
    package var node = ""
    package var client: String
    package var clientIsNumber = false
    package var lane: String?
    package var data: [UInt8]
    /// Not `running`: nobody runs it here.
    package var state = EntryState.pending
    package var attempts: Int64 = 0
    /// Microseconds since 1970; `nil`: now.
    package var receivedAt: Int64?
    /// While it is pending: may be handled from then on; otherwise when it ended. `nil`: when it was received, or now.
    package var stateAt: Int64?
    package var lastError: String?
    package var handlerVersion: String?
    package var dedupeKey: String?
    package var failures: [AttemptRecord] = []
    /// The line, before this one, of the entry that it is a replay of.
    package var originalLine: Int64?

    package init(line: Int64, topic: String, client: String, data: [UInt8]) {
        self.line = line
        self.topic = topic
        self.client = client
        self.data = data
    }
}

extension JournalTable {
    /// Adds an entry as it was elsewhere.
    ///
    /// - Returns: its id, and how it was made, for undo.
    static func add(
        _ transaction: Transaction, _ entry: ImportedEntry, replayOf original: Int64?
    ) throws -> (id: Int64, image: EntryImage) {
        assert(entry.state != .running)
        let id = try transaction.nextID(.journal)
        let received = entry.receivedAt ?? transaction.now
        let image = EntryImage(
            state: entry.state, attempts: entry.attempts,
            stateAt: entry.stateAt ?? (entry.state.isFinished ? transaction.now : received))
        let run = try entry.handlerVersion.map { try RunTable.foreign(transaction, handlerVersion: $0) } ?? 0
        let insert = try transaction.connection.statement(
            """
            INSERT OR FAIL INTO journal
                (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data, lane, last_error, replay_of,
                dedupe_key)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            """)
        insert.bind(1, id)
        insert.bind(2, image.state.rawValue)
        insert.bind(3, image.attempts)
        insert.bind(4, entry.clientIsNumber ? EntryFlags.clientIsNumber.rawValue : 0)
        insert.bind(5, run)
        insert.bind(6, entry.topic)
        insert.bind(7, entry.node)
        insert.bind(8, entry.client)
        insert.bind(9, received)
        insert.bind(10, image.stateAt)
        insert.bind(12, entry.lane)
        insert.bind(13, entry.lastError?.boundedError)
        insert.bind(14, original)
        insert.bind(15, entry.dedupeKey)
        try entry.data.withUnsafeBytes { data in
            insert.bindBytes(11, data)
            try insert.run()
        }
        transaction.count(1, to: image.state.rawValue, in: .journal)
        for failure in entry.failures {
            let attempt = FailedAttempt(
                number: failure.attempt, outcome: failure.outcome, startedAt: failure.startedAt, endedAt: failure.endedAt,
                error: failure.error)
            try record(transaction, attempt, of: id, run: run)
        }
        if let key = entry.dedupeKey { try DedupeTable.adopt(transaction, key: key, entry: id, seenAt: received) }
        return (id, image)
    }
}
