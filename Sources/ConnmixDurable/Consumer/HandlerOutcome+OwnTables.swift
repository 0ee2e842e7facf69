extension HandlerOutcome.Result {
    /// Runs what the handler registered for its own tables, inside the transaction that will mark its message done. Its error
    /// fails this attempt and nothing else. This result stays as it is: where the writes run once more, they begin with what the handler
    /// itself has staged.
    ///
    /// - Parameter earlier: how an earlier run of these writes undid what others wrote beside them: they are not run again.
    /// - Returns: what the attempt becomes where its writes failed, or staged commands; `nil` where it stays what it is.
    /// - Throws: `OwnWriteFailure`, once, where nothing of the transaction may be kept. What it met may be the disk's trouble and everybody's,
    ///   or this handler's alone: without these writes the others show.
    func writeOwnTables(
        in transaction: Transaction, topic: String, attempt number: Int, startedAt: Int64, judge: Judge,
        after earlier: OwnWriteFailure? = nil
    ) throws -> HandlerOutcome.Result? {
        guard case .done(let commands, let writes) = self, !writes.isEmpty else { return nil }
        func judged(_ error: any Error) -> HandlerOutcome.Result {
            var generator = Chance()
            return judge.verdict(
                on: error, topic: topic, attempt: number, startedAt: startedAt, now: transaction.now, using: &generator)
        }
        switch earlier {
        case .transactionEnded: return judged(OwnWriteFailure.endedTransaction)
        case .disk(let error): return judge.waitOut(error, attempt: number, startedAt: startedAt, now: transaction.now)
        case .handler, nil: break
        }
        do {
            let staged = try transaction.savepoint { try OwnTables.run(writes, on: transaction.connection) }
            return staged.isEmpty ? nil : .done(commands + staged, writes: writes)
        } catch let failure as OwnWriteFailure {
            if case .handler(let error) = failure { return judged(error) }
            throw failure
        }
    }
}
