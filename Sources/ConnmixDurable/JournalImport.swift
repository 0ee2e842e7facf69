/// Makes new entries from outside, as an action: in slices that come whole or not at all, each with how far it is, so that an
/// import that was interrupted goes on behind the last line it took.
package struct JournalImport: Sendable {
    package struct Entry: Sendable {
        package var topic: String
        package var node: String
        package var client: String
        package var lane: String?
        package var data: [UInt8]
        /// Where it stands in the file, counted from 1.
        package var line: Int64

        package init(topic: String, node: String, client: String, lane: String?, data: [UInt8], line: Int64) {
            (self.topic, self.node, self.client, self.lane, self.data, self.line) = (topic, node, client, lane, data, line)
        }
    }

    private let store: SharedStore

    /// - Throws: as `JournalOperator.init`.
    package init(database: String) throws {
        store = try SharedStore(path: database)
    }

    /// How the last transaction went.
    package var lastWrite: WriteTimes { store.clock.last }

    /// Writes the action down. Nothing is imported yet.
    ///
    /// - Parameters:
    ///   - total: how many entries there are.
    ///   - source: what is imported, as a JSON object.
    package func begin(total: Int, source: String, reason: String?) throws -> Int64 {
        try store.write(.newCommands) { transaction in
            try ActionLog.begin(
                transaction, .importing, .journal, actor: OperatorName.current, reason: reason, selection: source, total: total)
        }
    }

    /// An import that was interrupted: how it was recorded.
    ///
    /// - Throws: `notFound` where there is none, or nothing is left of it; `badData` where it is something else or was undone.
    package func resume(_ action: Int64) throws -> OperatorAction {
        let found = try store.read { try ActionLog.action($0, action, .journal) }
        guard let found else { throw ConnmixError(.notFound, "there is no action \(action) on the journal") }
        guard found.verb == OperatorVerb.importing.rawValue else {
            throw ConnmixError(.badData, "action \(action) is \"\(found.verb)\", not an import; go on with that verb")
        }
        guard found.state != .undone else { throw ConnmixError(.badData, "action \(action) was undone; begin a new one") }
        guard found.finished < found.total else {
            throw ConnmixError(.notFound, "nothing is left of action \(action); it is finished")
        }
        return found
    }

    /// Adds a slice: all of it or nothing.
    ///
    /// - Parameter finished: how many entries there were before. Another process that works the same action makes this fail.
    package func add(_ entries: [Entry], to action: Int64, finished: Int) throws {
        try store.write(.journal) { transaction in
            guard let record = try ActionLog.action(transaction.connection, action, .journal), record.finished == finished
            else {
                throw ConnmixError(.busy, "another process works on action \(action); wait until it has ended")
            }
            for entry in entries {
                let id = try transaction.nextID(.journal)
                try entry.data.withUnsafeBytes { data in
                    try Journal.append(
                        transaction, id: id, state: .pending, run: 0, topic: entry.topic, node: entry.node,
                        client: entry.client, clientIsNumber: false, receivedAt: transaction.now, data: data,
                        lane: entry.lane)
                }
                try ActionLog.add(transaction, to: action, row: entry.line, .applied(before: "{}", result: id))
            }
            try ActionLog.advance(transaction, action, by: entries.count)
            let isLast = finished + entries.count >= record.total
            try ActionLog.end(transaction, action, as: isLast ? .finished : .running)
        }
    }

    /// Notes that the action goes on no further for now.
    package func stop(_ action: Int64) throws {
        try store.write(.newCommands) { try ActionLog.end($0, action, as: .stopped) }
    }
}
