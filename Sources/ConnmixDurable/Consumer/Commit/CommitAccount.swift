/// The part of a commit that writes what `status` and `top` show of a live consumer: at most once a second, in a commit that happens
/// anyway, or as soon as it has become wrong. Last of what is said of the consumer, so that it says what the commit found.
struct CommitAccount {
    /// What it says.
    struct Facts {
        var atRisk: Int
        var highWater: Int
        var nodes: [NodeIdentity: NodeState]
        /// Why nothing is taken.
        var paused: String?
        var waiting: [StatusReport.Waiting]
        var work: StatusReport.Work
    }

    let core: ConsumerCore

    /// - Parameter isIdle: whether the commit has nothing else to do.
    func write(_ transaction: Transaction, isIdle: Bool) throws {
        let now = Clock.steady()
        guard let facts = core.dueAccount(now: now, isIdle: isIdle) else {
            if core.metrics.isOn, core.areCountsDue(now: now, isIdle: isIdle) { try observeCounts(transaction.connection) }
            return
        }
        if core.metrics.isOn { try observe(transaction.connection, facts.nodes) }
        try write(transaction, facts)
    }

    /// Writes the end of the run, where everything that was in memory is in the file.
    func writeEnd(_ transaction: Transaction) throws {
        try LossTable.write(transaction, core.lastLosses(now: transaction.now), run: core.run)
        try write(transaction, core.lastAccount())
        try RunTable.end(transaction, run: core.run)
    }

    private func write(_ transaction: Transaction, _ facts: Facts) throws {
        try RunTable.account(
            transaction, run: core.run, atRisk: facts.atRisk, highWater: facts.highWater,
            nodes: facts.nodes, paused: facts.paused, waiting: facts.waiting, work: facts.work)
    }

    private func observe(_ connection: Connection, _ nodes: [NodeIdentity: NodeState]) throws {
        try observeCounts(connection)
        core.metrics.observe(nodes: nodes.count, consuming: nodes.values.count { $0 == .consuming })
    }

    private func observeCounts(_ connection: Connection) throws {
        let entries = try Ledger.journal.counts(connection)
        let commands = try Ledger.outbox.counts(connection)
        core.metrics.observe(
            openEntries: entries[EntryState.pending.rawValue, default: 0] + entries[EntryState.running.rawValue, default: 0],
            openCommands: commands[CommandState.pending.rawValue, default: 0])
    }
}
