/// The part of a commit that marks entries by how their handlers ended, with the handlers' own writes inside the same transaction
/// (promise P3).
///
/// Own writes come before an entry's mark: they decide what it is. All that succeeded is marked with one statement a stretch of ids.
struct CommitOutcomes {
    private let core: ConsumerCore
    /// Outcomes whose own writes ended the transaction, or met what may be a trouble of the disk; they are not run again.
    private var condemned: [Int64: OwnWriteFailure] = [:]

    init(core: ConsumerCore) {
        self.core = core
    }

    /// The commands of those that succeeded are staged.
    mutating func write(_ transaction: Transaction, _ work: CommitWork, _ effects: inout CommitEffects) throws {
        let acknowledgements = CommitAcknowledgements(core: core)
        var done: [Int64] = []
        var released = work.releases
        done.reserveCapacity(work.outcomes.count)
        effects.outcomes.reserveCapacity(work.outcomes.count)
        for begun in work.outcomes {
            let outcome = parking(try writingOwnTables(transaction, begun))
            effects.outcomes.append(outcome)
            switch outcome.result {
            case .done(let commands, _):
                done.append(outcome.id)
                for command in commands { effects.staged.append((command, outcome)) }
            case .retry(let attempt, let pause):
                let time = transaction.now + pause.microseconds
                try JournalTable.retry(transaction, id: outcome.id, availableAt: time, attempt: attempt, run: core.run)
            case .dead(let attempt):
                try JournalTable.bury(transaction, id: outcome.id, attempt: attempt, run: core.run)
            case .parked(let attempt, let lane):
                try JournalTable.bury(transaction, id: outcome.id, attempt: attempt, run: core.run)
                try ParkedLanes.park(transaction, lane: lane, entry: outcome.id, reason: attempt.error)
            case .released:
                released.append(outcome.id)
            }
            acknowledgements.ended(outcome, &effects)
        }
        done.sort()
        released.sort()
        try JournalTable.finish(transaction, ids: done)
        try JournalTable.release(transaction, ids: released)
    }

    /// The outcome as it is with the handler's own writes.
    private mutating func writingOwnTables(
        _ transaction: Transaction, _ outcome: HandlerOutcome
    ) throws -> HandlerOutcome {
        guard outcome.isOpen else { return outcome }
        do {
            let changed = try core.onWriter(outcome.id) {
                try outcome.result.writeOwnTables(
                    in: transaction, topic: outcome.delivery.topic, attempt: outcome.delivery.attempts,
                    startedAt: outcome.startedAt, judge: core.judge, after: condemned[outcome.id])
            }
            return core.weigh(changed.map { outcome.becoming($0) } ?? outcome)
        } catch let failure as OwnWriteFailure {
            condemned[outcome.id] = failure
            throw failure
        }
    }

    /// A dead entry parks its lane, where that was asked for and it has one.
    private func parking(_ outcome: HandlerOutcome) -> HandlerOutcome {
        guard core.lanes.deadHead == .park, case .dead(let attempt) = outcome.result, let lane = outcome.delivery.laneName
        else { return outcome }
        return outcome.becoming(.parked(attempt, lane: lane))
    }
}
