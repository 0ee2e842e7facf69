/// Repairs the outbox: retry, cancel, and undo of these, whether a consumer runs or not.
///
/// ```swift
/// let outbox = try OutboxOperator(database: "connmix-durable.sqlite3")
/// let report = try outbox.retry([812], reason: "the node is back")
/// try outbox.undo(report.action)
/// ```
///
/// Every call is recorded as an action: who, when, why, and each command as it was before. A running consumer notices within 250 ms.
/// Up to 500 commands are changed in one transaction, together with their record.
///
/// The methods block until they are through. They may be called from any thread, several at a time.
public final class OutboxOperator: Sendable {
    private let runner: ActionRunner

    /// Opens a file to repair it.
    ///
    /// - Parameters:
    ///   - database: the file's path.
    ///   - actor: who is recorded; by default the operating-system user and the process id.
    /// - Throws: `noSuchDatabase`; `foreignDatabase`, `newerDatabase` or `olderDatabase` where this version cannot change it.
    public init(database: String, actor: String? = nil) throws {
        runner = ActionRunner(
            store: try SharedStore(path: database), ledger: .outbox, actor: actor ?? OperatorName.current)
    }

    /// Sends commands now: those that ended without success (dead, expired, cancelled, superseded, unknown), publishes that did not
    /// reach all (those who had it get it again), and pending ones that wait for a time.
    ///
    /// Their answers are counted from none, and an expiry they had is taken away. Each keeps its id, and so its place before later
    /// commands that are still pending.
    ///
    /// - Throws: `badData` where no command is named; `busy` and errors of the disk.
    @discardableResult
    public func retry(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try runner.perform(.retry, ids, reason: reason) { try OutboxTable.retryNow($0, id: $1, time: $2) }
    }

    /// Takes pending commands back: they are not sent. One that is in flight at that moment may be applied all the same; its answer
    /// changes nothing any more. Those that were given up (dead, expired, unknown) are put aside: they keep their errors, and no longer
    /// count among those.
    ///
    /// - Throws: `badData` where no command is named; `busy` and errors of the disk.
    @discardableResult
    public func cancel(_ ids: [Int64], reason: String? = nil) throws -> OperatorReport {
        try runner.perform(.cancel, ids, reason: reason) { try OutboxTable.cancel($0, id: $1, time: $2) }
    }

    /// Takes an action back, for each command that is still as the action left it. The undo is an action of its own.
    ///
    /// - Throws: `notFound` where there is no such action of the outbox; `badData` where it is an undo itself or nothing of it is
    ///   left to undo; `busy` and errors of the disk.
    @discardableResult
    public func undo(_ action: Int64, reason: String? = nil) throws -> OperatorReport {
        try runner.undo(action, reason: reason) { try OutboxTable.undo($0, $1, of: $2, since: $3, time: $4) }
    }
}
