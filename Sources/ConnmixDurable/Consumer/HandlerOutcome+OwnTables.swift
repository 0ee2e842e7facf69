extension HandlerOutcome.Result {
    /// Runs what the handler registered for its own tables, inside the transaction that will mark its message done. Its error
    /// fails this attempt and nothing else.
    ///
    /// - Returns: what the attempt becomes where its writes failed; `nil` where it stays what it is.
    /// - Throws: troubles of the disk, which are no fault of the message; and whatever ended the transaction.
    func writeOwnTables(
        in transaction: Transaction, attempt number: Int, startedAt: Int64, judge: Judge
    ) throws -> HandlerOutcome.Result? {
        guard case .done(_, let writes) = self, !writes.isEmpty else { return nil }
        do {
            try transaction.savepoint { try OwnTables.run(writes, on: transaction.connection) }
            return nil
        } catch {
            // The disk's trouble is no fault of the message; and without a transaction nothing here may go on.
            let isTransient = (error as? ConnmixError)?.isTransient ?? false
            guard transaction.connection.isInTransaction, !isTransient else { throw error }
            var generator = SystemRandomNumberGenerator()
            return judge.verdict(
                on: error, attempt: number, startedAt: startedAt, now: transaction.now, using: &generator)
        }
    }
}
