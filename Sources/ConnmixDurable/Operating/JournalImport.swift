/// Makes new entries from outside, as an action: in slices that come whole or not at all, each with how far it is, so that an
/// import that was interrupted goes on behind the last line it took. Of each entry its line is recorded, and what it was made.
package struct JournalImport: Sendable {
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
    package func add(_ entries: [ImportedEntry], to action: Int64, finished: Int) throws {
        try store.write(.journal) { transaction in
            guard let record = try ActionLog.action(transaction.connection, action, .journal), record.finished == finished
            else {
                throw ConnmixError(.busy, "another process works on action \(action); wait until it has ended")
            }
            for entry in entries {
                // An original stands before its replays, in an earlier slice or in this one.
                let original = try entry.originalLine.flatMap {
                    try ActionLog.result(transaction.connection, action, row: $0)
                }
                let (id, image) = try JournalTable.add(transaction, entry, replayOf: original)
                try ActionLog.add(transaction, to: action, row: entry.line, .applied(before: image.json, result: id))
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
