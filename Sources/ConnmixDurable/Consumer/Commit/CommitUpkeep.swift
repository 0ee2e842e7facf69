/// The part of a commit that nobody waits for: a slice of what the file needs from time to time, carried by commits that happen anyway.
struct CommitUpkeep {
    let core: ConsumerCore

    /// Brings a slice of the file's times to a clock that was set back.
    func followClock(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        guard let (known, longestPause) = core.clockWalk() else { return }
        var walk = known
        // The transaction may have begun before the clock was set.
        try walk.step(transaction, now: Clock.now(), longestPause: longestPause.microseconds)
        effects.clockWalk = walk
    }

    /// Deletes a slice of what is finished and old.
    func prune(_ transaction: Transaction) throws {
        let now = Clock.steady()
        guard var pruner = core.duePruner(now: now) else { return }
        try apart(transaction) {
            _ = try pruner.prune(transaction, now: now)
            core.pruned(pruner)
        }
    }

    /// Runs a deletion so that its failure undoes nothing else: a bad page beneath an old row must not keep new messages out of the file.
    /// Deleting rests then for a while.
    ///
    /// - Throws: where the whole transaction went with it, as where the disk is full. The next one is without it.
    private func apart(_ transaction: Transaction, _ body: () throws -> Void) throws {
        do {
            try transaction.savepoint(body)
        } catch {
            core.pruneFailed(error)
            guard transaction.connection.isInTransaction else { throw error }
        }
    }

    /// Holds intake, or lets it go, by what the file and its disk hold. At most once a second.
    ///
    /// What it finds holds however this transaction ends.
    func gauge(_ transaction: Transaction) throws {
        guard let (countsEntries, measuresDisk) = core.dueGauge(now: transaction.now) else { return }
        let open = countsEntries ? try Ledger.journal.openCount(transaction.connection) : 0
        core.gauged(open: open, free: measuresDisk ? core.freeBytes() : nil)
    }

    /// Writes what is due. Whatever becomes of the transaction, the ledger is told: `committed` or `withdraw`.
    func recordLosses(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        effects.losses = core.dueLosses(now: transaction.now)
        guard !effects.losses.isEmpty else { return }
        try LossTable.write(transaction, effects.losses, run: core.run)
        guard effects.losses.mayPrune else { return }
        let age = core.dueRetention(now: Clock.steady())
        try apart(transaction) {
            try LossTable.prune(transaction, before: age.map { transaction.now - $0.microseconds })
        }
    }
}
