/// What a run finds when it begins, and what it makes of the run before: one transaction, before anything else happens.
struct RunStart: Sendable {
    let run: Int64
    let recovery: Recovery.Outcome
    let parked: Set<String>
    let pauses: [TopicPause]
    let changes: ChangeMark.Versions
    let losses: LossLedger
    /// The newest time in the file, in microseconds since 1970; later than now where the clock was set back.
    let newestTime: Int64?

    /// - Parameters:
    ///   - attempts: how many attempts messages of certain topics have, where it is not `configuration.retry` that says so.
    ///   - account: what the run before said of itself last. It is overwritten only after this is committed: a kill in between must not
    ///     make anybody innocent.
    init(
        _ transaction: Transaction, pid: Int32, configuration: ConsumerConfiguration, attempts: [String: Int] = [:],
        account: LiveAccount.Reading?
    ) throws {
        newestTime = try RunTable.newestTime(transaction.connection)
        try RunTable.closeDead(transaction, account: account)
        run = try RunTable.begin(
            transaction, pid: Int64(pid), version: LibraryVersion.text, handlerVersion: configuration.handlerVersion,
            synchronous: configuration.synchronous, atRiskLimit: configuration.atRiskLimit)
        losses = try LossTable.begin(transaction, run: run, account: account)
        recovery = try Recovery.run(
            transaction, run: run, account: account, maxAttempts: configuration.retry.maxAttempts,
            attemptsByTopic: attempts, parks: configuration.lanes.deadHead == .park)
        try RunTable.recovered(transaction, run: run, entries: recovery.suspects + recovery.buried)
        parked = try ParkedLanes.names(transaction.connection)
        pauses = try Pauses.list(transaction.connection)
        changes = try ChangeMark.versions(transaction.connection)
    }
}
