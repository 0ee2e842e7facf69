/// The part of a commit that puts new commands into the outbox: those of the handlers that succeeded, acknowledgements, and those from
/// outside.
///
/// Ids are given out in that order, and by their ids commands leave (promise P5). The windows take what they have room for,
/// unconfirmed until COMMIT.
struct CommitCommands {
    private typealias Row = (id: Int64, command: OutgoingCommand)

    let core: ConsumerCore

    func write(_ transaction: Transaction, _ enqueues: [CommitWork.Enqueue], _ effects: inout CommitEffects) throws {
        guard !effects.staged.isEmpty || !enqueues.isEmpty || !effects.acknowledgements.isEmpty else { return }
        var rows: [Row] = []
        rows.reserveCapacity(effects.staged.count + effects.acknowledgements.count + enqueues.count)
        let fresh = try NewCommands(transaction)
        for (command, outcome) in effects.staged {
            guard try known(command, transaction) == nil else { continue }
            let columns = columns(command, of: outcome, now: transaction.now)
            rows.append(try insert(transaction, fresh, command, columns, &rows, &effects))
        }
        for (command, entry, node) in effects.acknowledgements {
            var columns = NewCommand(command, messageID: entry, node: node, lane: nil, now: transaction.now)
            columns.flags.insert(.acknowledgement)
            rows.append(try insert(transaction, fresh, command, columns, &rows, &effects))
        }
        for command in enqueues.lazy.flatMap(\.commands) {
            if let id = try known(command, transaction) {
                effects.accepted.append(.known(id, try OutboxTable.settlement(transaction.connection, of: id)))
                continue
            }
            let columns = NewCommand(command, messageID: nil, node: nil, lane: nil, now: transaction.now)
            let row = try insert(transaction, fresh, command, columns, &rows, &effects)
            rows.append(row)
            effects.accepted.append(.new(row.id))
        }
        try fresh.finish()
        effects.enqueued = rows.count
        core.admit(rows, now: transaction.now, &effects)
    }

    private func columns(_ command: Command, of outcome: HandlerOutcome, now: Int64) -> NewCommand {
        let lane = outcome.delivery.laneName
        // Lanes and clients share one space of keys: an answer to the lane's own client needs no second one.
        let isOwnClient = command.client?.text == lane
        // Only the message's own client is known to be on the message's node.
        let isElsewhere = command.kind.isCall && command.client?.text != outcome.delivery.client.text
        return NewCommand(
            command, messageID: outcome.id, node: isElsewhere ? nil : outcome.delivery.node, lane: isOwnClient ? nil : lane,
            now: now)
    }

    private func known(_ command: Command, _ transaction: Transaction) throws -> Int64? {
        guard let key = command.extras?.options.idempotencyKey else { return nil }
        return try OutboxTable.id(transaction.connection, idempotencyKey: key)
    }

    /// - Parameter rows: those of this transaction so far; a superseded one is not to be sent.
    private func insert(
        _ transaction: Transaction, _ fresh: NewCommands, _ command: Command, _ columns: NewCommand, _ rows: inout [Row],
        _ effects: inout CommitEffects
    ) throws -> Row {
        var older: [Int64] = []
        if let key = columns.extras?.compactionKey {
            older = core.supersede(try OutboxTable.unwritten(transaction.connection, compactionKey: key))
        }
        let id = try command.payload.withBytes { try fresh.enqueue(columns, data: $0) }
        if !older.isEmpty {
            try OutboxTable.supersede(transaction, ids: older, by: id)
            rows.removeAll { older.contains($0.id) }
            // No socket has seen them, so nothing was counted of them.
            let end = Settlement(state: .superseded, attempts: 0, writes: 0, error: "superseded by command \(id)")
            effects.superseded += older.map { ($0, end) }
        }
        return (id, OutgoingCommand(command, columns, now: transaction.now))
    }
}
