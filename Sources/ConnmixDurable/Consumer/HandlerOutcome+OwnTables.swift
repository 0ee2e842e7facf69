extension HandlerOutcome.Result {
    /// Runs what the handler registered for its own tables, inside the transaction that will mark its message done. Its error
    /// fails this attempt and nothing else.
    ///
    /// - Parameter hasEndedTransaction: an earlier run of these writes ended everybody's transaction: they are not run again.
    /// - Returns: what the attempt becomes where its writes failed; `nil` where it stays what it is.
    /// - Throws: troubles of the disk, which are no fault of the message; `OwnWriteFailure.transactionEnded`, once.
    func writeOwnTables(
        in transaction: Transaction, attempt number: Int, startedAt: Int64, judge: Judge, hasEndedTransaction: Bool = false
    ) throws -> HandlerOutcome.Result? {
        guard case .done(_, let writes) = self, !writes.isEmpty else { return nil }
        func judged(_ error: any Error) -> HandlerOutcome.Result {
            var generator = SystemRandomNumberGenerator()
            return judge.verdict(
                on: error, attempt: number, startedAt: startedAt, now: transaction.now, using: &generator)
        }
        guard !hasEndedTransaction else { return judged(OwnWriteFailure.endedTransaction) }
        do {
            try transaction.savepoint { try OwnTables.run(writes, on: transaction.connection) }
            return nil
        } catch let failure as OwnWriteFailure {
            switch failure {
            case .handler(let error): return judged(error)
            case .disk(let error): throw error
            case .transactionEnded: throw failure
            }
        }
    }
}
