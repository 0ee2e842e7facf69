extension HandlerOutcome.Result {
    /// Runs what the handler registered for its own tables, inside the transaction that will mark its message done. Its error
    /// fails this attempt and nothing else. This result stays as it is: where the writes run once more, they begin with what the handler
    /// itself has staged.
    ///
    /// - Parameter hasEndedTransaction: an earlier run of these writes ended everybody's transaction: they are not run again.
    /// - Returns: what the attempt becomes where its writes failed, or staged commands; `nil` where it stays what it is.
    /// - Throws: troubles of the disk, which are no fault of the message; `OwnWriteFailure.transactionEnded`, once.
    func writeOwnTables(
        in transaction: Transaction, topic: String, attempt number: Int, startedAt: Int64, judge: Judge,
        hasEndedTransaction: Bool = false
    ) throws -> HandlerOutcome.Result? {
        guard case .done(let commands, let writes) = self, !writes.isEmpty else { return nil }
        func judged(_ error: any Error) -> HandlerOutcome.Result {
            var generator = Chance()
            return judge.verdict(
                on: error, topic: topic, attempt: number, startedAt: startedAt, now: transaction.now, using: &generator)
        }
        guard !hasEndedTransaction else { return judged(OwnWriteFailure.endedTransaction) }
        do {
            let staged = try transaction.savepoint { try OwnTables.run(writes, on: transaction.connection) }
            return staged.isEmpty ? nil : .done(commands + staged, writes: writes)
        } catch let failure as OwnWriteFailure {
            switch failure {
            case .handler(let error): return judged(error)
            case .disk(let error): throw error
            case .transactionEnded: throw failure
            }
        }
    }
}
