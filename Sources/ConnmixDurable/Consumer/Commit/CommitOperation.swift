/// One commit of the consumer: all that has gathered since the last one, in one transaction.
///
/// `prepare` takes what waits, `apply` writes it part by part, `finish` lets go on what waited for it. Nothing of it has happened
/// before COMMIT: until then new rows are held back in the windows, and a failure puts everything back where it was.
///
/// The parts do the SQL, each in a file of its own beside this one. They lock nothing: what a part needs of memory, or changes in it,
/// it asks of the core, which does that under its lock and never touches the file. What one part has for a later one, and what memory
/// is told after COMMIT, is in `CommitEffects`.
final class CommitOperation: WriteOperation {
    private let core: ConsumerCore
    // Confined to the writer thread, like every call of a WriteOperation.
    nonisolated(unsafe) private var work = CommitWork()
    nonisolated(unsafe) private var effects: CommitEffects?
    /// Remembers from one run to the next whose writes ended the transaction.
    nonisolated(unsafe) private var outcomes: CommitOutcomes
    /// Nothing comes after it: it looks after nothing, and saves messages where it can save nothing else.
    private let isLast: Bool
    /// Why only messages are written now, or are to be in another run.
    nonisolated(unsafe) private var reduction: (error: any Error, isDone: Bool)?

    init(core: ConsumerCore, isLast: Bool = false) {
        self.core = core
        self.isLast = isLast
        outcomes = CommitOutcomes(core: core)
    }

    func prepare() {
        work = core.takeWork()
        CommitArrivals(core: core).name(&work.arrivals)
    }

    func apply(_ transaction: Transaction) throws {
        // A second run, after the batch failed: what the first one took is not in the file.
        if let effects { core.withdraw(effects) }
        effects = nil
        var effects = CommitEffects()
        do {
            let isReduced = reduction != nil
            reduction?.isDone = true
            if try CommitFiles(core: core).takeOnlyMessages(transaction) || isReduced {
                try writeOnlyMessages(transaction, &effects)
            } else {
                try writeAll(transaction, &effects)
            }
        } catch {
            core.withdraw(effects)
            // A file in which a row cannot be changed may still take new ones, and messages are nowhere else.
            if isLast, reduction == nil, !(error is OwnWriteFailure), (error as? ConnmixError)?.isTransient != true {
                reduction = (error, isDone: false)
            }
            throw error
        }
        self.effects = effects
    }

    func mayRunAgain(after error: any Error) -> Bool {
        error is OwnWriteFailure || reduction.map { !$0.isDone } ?? false
    }

    func finish(_ result: Result<Void, any Error>) {
        switch result {
        case .success:
            assert(effects != nil, "a commit that succeeded without having been applied")
            if let reduction { core.ended(by: reduction.error) }
            core.committed(work, effects ?? CommitEffects())
        case .failure(let error):
            if let effects { core.withdraw(effects) }
            core.failed(work, error)
        }
        work = CommitWork()
        effects = nil
    }

    // MARK: - The parts, in their order

    private func writeAll(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        // What others have changed comes first: nothing is decided on rows that are not so any more.
        try CommitNews(core: core).read(transaction, work.changes)

        // Both of the first leave commands to be written; the marks are of older ones.
        try outcomes.write(transaction, work, &effects)
        try CommitArrivals(core: core).write(transaction, work.arrivals, &effects)
        try CommitCommands(core: core).write(transaction, work.enqueues, &effects)
        try CommitMarks(core: core).write(transaction, work.changes, &effects)

        // Read last, so that what was written above is seen as it is; and with times that are brought to the clock.
        try CommitLoading(core: core).claim(transaction, work.claims, &effects)
        if !isLast {
            try CommitUpkeep(core: core).followClock(transaction, &effects)
            try CommitLoading(core: core).load(transaction, &effects)

            // What nobody waits for, and what is said of all this.
            try CommitUpkeep(core: core).prune(transaction)
            try CommitUpkeep(core: core).gauge(transaction)
        }
        try CommitAccount(core: core).write(transaction, isIdle: work.isEmpty)
        try CommitUpkeep(core: core).recordLosses(transaction, &effects)
    }

    /// Another consumer has the file, or will; nothing else can be written. New messages are rows of their own, and it learns of them by the mark.
    private func writeOnlyMessages(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        try CommitArrivals(core: core).write(transaction, work.arrivals, &effects)
        try ChangeMark.journal.count(transaction)
        // Nothing was written of them, and nothing will be.
        for enqueue in work.enqueues { enqueue.finish(.failure(ConsumerCore.stopped)) }
        work.enqueues = []
    }
}
