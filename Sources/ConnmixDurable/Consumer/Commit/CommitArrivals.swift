internal import NIOCore

/// The part of a commit that journals new messages (promise P1), each once where they have keys.
///
/// Repeats are found before ids are given out: they get none. The windows take what they have room for, unconfirmed until COMMIT; the
/// rest waits in the file.
struct CommitArrivals {
    let core: ConsumerCore

    /// Names the lane and the key of each message, by closures of the user: before the transaction, in which everybody else waits.
    func name(_ arrivals: inout [ReceivedMessage]) {
        if let dedupe = core.dedupe {
            core.usersCode.run(.dedupe) {
                for index in arrivals.indices where arrivals[index].dedupeKey == nil {
                    arrivals[index].dedupeKey = dedupe.column(for: arrivals[index])
                }
            }
        }
        if !core.lanes.areClients {
            core.usersCode.run(.lanes) {
                for index in arrivals.indices where arrivals[index].lane == nil {
                    arrivals[index].lane = core.lanes.column(for: arrivals[index])
                }
            }
        }
    }

    func write(_ transaction: Transaction, _ arrivals: [ReceivedMessage], _ effects: inout CommitEffects) throws {
        guard !arrivals.isEmpty else { return }
        let acknowledgements = CommitAcknowledgements(core: core)
        let (fresh, repeats) = try withoutRepeats(transaction, arrivals, &effects)
        let ids = try fresh.map { _ in try transaction.nextID(.journal) }
        let states = core.admit(fresh, ids, &effects)
        let entries = try NewEntries(transaction, run: core.run)
        for (index, message) in fresh.enumerated() {
            let id = ids[index]
            effects.origins.add(message.connection, entry: id)
            try message.data.withUnsafeReadableBytes { data in
                try entries.append(
                    id: id, state: states[index], topic: message.topic, node: message.node, client: message.client.text,
                    clientIsNumber: message.client.isNumber, receivedAt: message.receivedAt, data: data,
                    lane: message.lane, dedupeKey: message.dedupeKey, error: message.unreadable)
            }
            if let key = message.dedupeKey { try DedupeTable.remember(transaction, key: key, entry: id) }
            acknowledgements.journaled(message, entry: id, &effects)
            if let reason = message.unreadable { effects.unreadable.append((id, message.node, reason)) }
        }
        try entries.finish()
        // Those of messages in this very commit are counted once the first has its row.
        for (message, key, place) in repeats {
            try DedupeTable.countRepeat(transaction, key: key)
            effects.repeats.append((key, ids[place]))
            acknowledgements.journaled(message, entry: ids[place], &effects)
        }
    }

    /// Counts messages whose key was seen within the window, and leaves them out.
    ///
    /// - Returns: the others, and those that repeat one of them, with its place.
    private func withoutRepeats(
        _ transaction: Transaction, _ arrivals: [ReceivedMessage], _ effects: inout CommitEffects
    ) throws -> (fresh: [ReceivedMessage], repeats: [(message: ReceivedMessage, key: String, place: Int)]) {
        guard let dedupe = core.dedupe else { return (arrivals, []) }
        let (slack, mayForget) = core.forgetting()
        let since = transaction.now - dedupe.window.microseconds - slack
        // More than comes in, so that the table cannot grow past its window however busy it is.
        if mayForget { try DedupeTable.prune(transaction, before: since, limit: max(500, 2 * arrivals.count)) }
        var fresh: [ReceivedMessage] = []
        var repeats: [(ReceivedMessage, String, Int)] = []
        var places: [String: Int] = [:]
        for message in arrivals {
            if let key = message.dedupeKey {
                if let place = places[key] {
                    effects.origins.add(message.connection, entry: nil)
                    repeats.append((message, key, place))
                    continue
                }
                if let entry = try DedupeTable.entry(transaction, key: key, since: since) {
                    try DedupeTable.countRepeat(transaction, key: key)
                    effects.repeats.append((key, entry))
                    effects.origins.add(message.connection, entry: nil)
                    try CommitAcknowledgements(core: core).repeated(transaction, message, entry: entry, &effects)
                    continue
                }
                places[key] = fresh.count
            }
            fresh.append(message)
        }
        return (fresh, repeats)
    }
}
