internal import Dispatch

/// The outbox of a database from another process, beside its consumer: a web server, a cron job, the command line.
///
/// ```swift
/// let outbox = try SharedOutbox(database: "connmix-durable.sqlite3")
/// let id = try outbox.enqueue(.meshPublish(to: "news", "hello"))
/// let answer = try await outbox.answer(to: id, within: .seconds(5))
/// ```
///
/// A command is accepted once it is committed, whether a consumer runs or not; a running one sends it within 250 ms. The file must
/// have been made by a consumer before. It may be used from any thread, several at a time.
public final class SharedOutbox: Sendable {
    private let store: SharedStore
    /// Reads while somebody waits for an answer. A serial queue gets a thread beside those that run Swift's tasks.
    private let reading = DispatchQueue(label: "connmix-outbox")

    /// Opens the outbox of a file.
    ///
    /// - Parameter database: the file's path.
    /// - Throws: `noSuchDatabase`; `foreignDatabase`, `newerDatabase` or `olderDatabase` where this version cannot change it.
    public init(database: String) throws {
        store = try SharedStore(path: database)
    }

    /// Puts commands into the outbox, all of them or none, in their order.
    ///
    /// Blocks the calling thread until they are committed: some milliseconds, as a rule.
    ///
    /// - Returns: their ids. A command whose idempotency key was there before has the id of the first one.
    /// - Throws: `badData` where none is given; `busy` where the file is locked for more than five seconds; errors of the disk.
    ///   Nothing was accepted then.
    @discardableResult
    public func enqueue(_ commands: [Command]) throws -> [Int64] {
        guard !commands.isEmpty else { throw ConnmixError(.badData, "no command is given; give at least one") }
        return try store.write(.newCommands) { transaction in
            try commands.map { command in
                if let key = command.options.idempotencyKey,
                    let known = try OutboxTable.id(transaction.connection, idempotencyKey: key)
                {
                    return known
                }
                let columns = NewCommand(command, messageID: nil, node: nil, lane: nil, now: transaction.now)
                // The ones it may supersede can be in flight, which only the consumer knows: they stay.
                return try command.payload.withBytes { try OutboxTable.enqueue(transaction, columns, data: $0) }
            }
        }
    }

    /// Puts a command into the outbox.
    ///
    /// - Returns: its id.
    /// - Throws: as `enqueue` of several.
    @discardableResult
    public func enqueue(_ command: Command) throws -> Int64 {
        try enqueue([command])[0]
    }

    /// Waits for the end of a command: the engine's answer, or its being given up.
    ///
    /// The file is looked at every 50 ms, on a thread of its own: the caller's actor is not held. A consumer must be running, else nothing is
    /// sent.
    ///
    /// - Throws: `timedOut`, and the command goes on being sent; `notFound` where there is no such command; `CancellationError`.
    public func answer(to id: Int64, within limit: Duration) async throws -> Receipt.Answer {
        let deadline = ContinuousClock.now + limit
        while true {
            let (exists, settlement) = try await look(at: id)
            guard exists else { throw ConnmixError(.notFound, "the outbox has no command \(id)") }
            if let settlement { return Receipt.Answer(settlement) }
            guard ContinuousClock.now < deadline else {
                throw ConnmixError(.timedOut, "command \(id) was not answered within \(limit.text); it goes on being sent")
            }
            try await Task.sleep(for: min(.milliseconds(50), max(.milliseconds(1), deadline - .now)))
        }
    }

    private func look(at id: Int64) async throws -> (exists: Bool, Settlement?) {
        try await withCheckedThrowingContinuation { continuation in
            reading.async { [store] in
                continuation.resume(
                    with: Result {
                        try store.read { connection in
                            let exists = try OutboxTable.exists(connection, id: id)
                            return (exists, exists ? try OutboxTable.settlement(connection, of: id) : nil)
                        }
                    })
            }
        }
    }
}
