/// An action on many rows, for whoever works it in parts: the command line, which shows how far it is, paces it, and goes on with
/// one that was interrupted.
///
/// The rows are written down before the first is changed, and it acts on exactly those.
package struct BulkWork: Sendable {
    /// The most rows that one part may have.
    package static let partLimit = ActionRunner.sliceLimit

    package let ledger: Ledger
    package let verb: OperatorVerb
    /// Whether a replay takes what was replayed before, too.
    package let again: Bool
    private let runner: ActionRunner

    /// - Throws: as `JournalOperator.init`.
    package init(database: String, _ verb: OperatorVerb, on ledger: Ledger, again: Bool = false) throws {
        self.ledger = ledger
        self.verb = verb
        self.again = again
        runner = ActionRunner(store: try SharedStore(path: database), ledger: ledger, actor: OperatorName.current)
    }

    /// Writes the action down.
    ///
    /// - Parameter filter: what was asked for, as a JSON object.
    /// - Returns: its id.
    package func plan(_ rows: [Int64], reason: String?, filter: String) throws -> Int64 {
        try runner.plan(verb, rows, reason: reason, note: ",\"filter\":\(filter)")
    }

    /// An action that was interrupted.
    ///
    /// - Throws: `notFound` where there is none or nothing is left of it; `badData` where it cannot go on.
    package func resume(_ action: Int64) throws -> OperatorAction {
        try runner.resumable(action, verb)
    }

    /// Changes the next rows; `nil` where none is left.
    ///
    /// - Parameter cursor: `lastRow` of the parts so far.
    package func work(_ action: Int64, limit: Int, after cursor: Int64) throws -> OperatorReport? {
        try runner.work(action, verb, limit: limit, after: cursor, intervene: intervene)
    }

    /// How the last transaction went.
    package var lastWrite: WriteTimes { runner.store.clock.last }

    /// Gives up the list of rows of an action that is finished and cannot be undone; the action itself stays recorded.
    package func forget(_ action: Int64) throws {
        while try runner.forget(action) {}
    }

    /// Notes that the action goes on no further for now.
    package func stop(_ action: Int64) throws {
        try runner.stop(action)
    }

    private func intervene(_ transaction: Transaction, id: Int64, time: Int64) throws -> Intervention {
        switch (ledger, verb) {
        case (.journal, .retry): try JournalTable.retryNow(transaction, id: id, time: time)
        case (.journal, .replay): try JournalTable.replay(transaction, id: id, payload: nil, again: again, time: time)
        case (.journal, .discard): try JournalTable.discard(transaction, id: id, time: time)
        case (.journal, .restore): try JournalTable.restore(transaction, id: id, time: time)
        case (.journal, .skip): try JournalTable.skip(transaction, id: id, time: time)
        case (.journal, .prune): try PrunedRows.deleteEntry(transaction, id: id, before: time)
        case (.outbox, .retry): try OutboxTable.retryNow(transaction, id: id, time: time)
        case (.outbox, .cancel): try OutboxTable.cancel(transaction, id: id, time: time)
        case (.outbox, .prune): try PrunedRows.deleteCommand(transaction, id: id, before: time)
        case (.journal, .importing), (.outbox, .importing), (.journal, .cancel), (.journal, .undo), (.outbox, .replay),
            (.outbox, .discard), (.outbox, .restore),
            (.outbox, .skip), (.outbox, .undo), (_, .pause), (_, .resume):
            throw ConnmixError(.internal, "\(verb.rawValue) is no bulk work on the \(ledger)")
        }
    }
}
