internal import NIOCore

/// One commit of the consumer: all that has gathered since the last one, in one transaction.
///
/// Handlers' outcomes and their commands come first, then new messages, then commands from outside and the marks of settled
/// ones, then claims and what is loaded from the file. Nothing of it has happened before COMMIT: until then new rows are held
/// back in the windows, and a failure puts everything back where it was.
final class DrainOperation: WriteOperation {
    struct Enqueue: Sendable {
        let command: Command
        let finish: @Sendable (Result<Receipt, any Error>) -> Void
    }

    /// What is committed together. Touched only by the writer thread.
    struct Work {
        var outcomes: [HandlerOutcome] = []
        var arrivals: [ReceivedMessage] = []
        var enqueues: [Enqueue] = []
        var changes: [Relay.Change] = []
        /// Waiting entries that are to be handled now, ascending.
        var claims: [Int64] = []
        /// Claimed entries that are not going to be handled now, ascending.
        var releases: [Int64] = []
        /// When it was taken, by the steady clock.
        var takenAt: Int64 = 0

        var isEmpty: Bool {
            outcomes.isEmpty && arrivals.isEmpty && enqueues.isEmpty && changes.isEmpty && claims.isEmpty
                && releases.isEmpty
        }
    }

    /// What the transaction made of it.
    struct Effects {
        /// Rows taken into the windows, in order.
        var entries: [Int64] = []
        var commands: [Int64] = []
        /// How many commands are new.
        var enqueued = 0
        /// One for each command from outside, in their order.
        var accepted: [Accepted] = []
        var superseded: [(id: Int64, reason: String)] = []
        /// Commands whose time ran out while they waited in the file.
        var expired: [(id: Int64, reason: String)] = []
        /// Commands that were to be written and that somebody else had ended.
        var endedByOthers: Set<Int64> = []
        /// The outcomes as they were committed: a handler's own writes may have failed.
        var outcomes: [HandlerOutcome] = []
        var unreadable: [(id: Int64, node: String, reason: String)] = []
        /// Claims of entries that were not waiting any more.
        var lostClaims: Set<Int64> = []
        /// Keys that were seen before, and the entry that had them first.
        var repeats: [(key: String, entry: Int64)] = []
        /// Messages that could not be acknowledged: the first one, how many, and why.
        var unacknowledged: (entry: Int64, messages: Int, reason: String)?
        /// Which connections the messages came from.
        var origins = MessageOrigins()
        /// Rows of the loss ledger.
        var losses = LossRows.Batch()
        /// How far the file was brought to a clock that was set back.
        var clockWalk: ClockWalk?
    }

    /// What became of a command from outside.
    enum Accepted {
        case new(Int64)
        /// Its key was there before, with a command that ended so, or waits.
        case known(Int64, Settlement?)
    }

    private let core: ConsumerCore
    // Confined to the writer thread, like every call of a WriteOperation.
    nonisolated(unsafe) private var work = Work()
    nonisolated(unsafe) private var effects: Effects?
    /// Commands that acknowledge messages of this commit.
    nonisolated(unsafe) private var acknowledgements: [(command: Command, entry: Int64, node: String)] = []
    /// Outcomes whose own writes ended the transaction; they are not run again.
    nonisolated(unsafe) private var condemned: Set<Int64> = []

    init(core: ConsumerCore) {
        self.core = core
    }

    func prepare() {
        work = core.takeWork()
    }

    func apply(_ transaction: Transaction) throws {
        // A second run, after the batch failed: what the first one took is not in the file.
        if let effects { core.withdraw(effects) }
        effects = nil
        acknowledgements = []
        var effects = Effects()
        do {
            if try core.checkFiles(transaction) {
                try journal(transaction, &effects)
                try ChangeMark.journal.count(transaction)
                self.effects = effects
                refuseEnqueues()
                return
            }
            if transaction.foreignCommits || core.mustLookAgain {
                try core.lookAgain(transaction.connection, work.changes)
            }
            let staged = try settle(transaction, &effects)
            try journal(transaction, &effects)
            try enqueue(transaction, staged, &effects)
            try mark(transaction, &effects)
            try claim(transaction, &effects)
            try core.followClock(transaction, &effects)
            try core.loadEntries(transaction, &effects)
            try core.loadCommands(transaction, &effects)
            try core.prune(transaction)
            try core.gauge(transaction)
            try core.account(transaction, isIdle: work.isEmpty)
            try core.recordLosses(transaction, &effects)
        } catch {
            core.withdraw(effects)
            throw error
        }
        self.effects = effects
    }

    /// Nothing was written of them, and nothing will be.
    private func refuseEnqueues() {
        for enqueue in work.enqueues { enqueue.finish(.failure(ConsumerCore.stopped)) }
        work.enqueues = []
    }

    func mayRunAgain(after error: any Error) -> Bool {
        if case .transactionEnded = error as? OwnWriteFailure { true } else { false }
    }

    func finish(_ result: Result<Void, any Error>) {
        switch result {
        case .success:
            core.committed(work, effects ?? Effects())
        case .failure(let error):
            if let effects { core.withdraw(effects) }
            core.failed(work, error)
        }
        work = Work()
        effects = nil
        condemned = []
    }

    // MARK: -

    /// Marks entries by their outcome.
    ///
    /// - Returns: the commands of those that succeeded, in order.
    private func settle(
        _ transaction: Transaction, _ effects: inout Effects
    ) throws -> [(command: Command, outcome: HandlerOutcome)] {
        var done: [Int64] = []
        var released = work.releases
        var staged: [(command: Command, outcome: HandlerOutcome)] = []
        done.reserveCapacity(work.outcomes.count)
        effects.outcomes.reserveCapacity(work.outcomes.count)
        for begun in work.outcomes {
            let outcome = core.park(try writeOwnTables(transaction, begun))
            effects.outcomes.append(outcome)
            switch outcome.result {
            case .done(let commands, _):
                done.append(outcome.id)
                for command in commands { staged.append((command, outcome)) }
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
            acknowledge(outcome, &effects)
        }
        done.sort()
        released.sort()
        try JournalTable.finish(transaction, ids: done)
        try JournalTable.release(transaction, ids: released)
        return staged
    }

    private func writeOwnTables(_ transaction: Transaction, _ outcome: HandlerOutcome) throws -> HandlerOutcome {
        guard !outcome.isCertain else { return outcome }
        do {
            let failed = try core.onWriter(outcome.id) {
                try outcome.result.writeOwnTables(
                    in: transaction, attempt: outcome.delivery.attempts, startedAt: outcome.startedAt, judge: core.judge,
                    hasEndedTransaction: condemned.contains(outcome.id))
            }
            return failed.map { outcome.becoming($0) } ?? outcome
        } catch OwnWriteFailure.transactionEnded {
            condemned.insert(outcome.id)
            throw OwnWriteFailure.transactionEnded
        }
    }

    private func journal(_ transaction: Transaction, _ effects: inout Effects) throws {
        guard !work.arrivals.isEmpty else { return }
        let (fresh, repeats) = try withoutRepeats(transaction, &effects)
        let plan = try core.admit(fresh, transaction, &effects)
        for (message, (id, state)) in zip(fresh, plan) {
            effects.origins.add(message.connection, entry: id)
            try message.data.withUnsafeReadableBytes { data in
                try JournalTable.append(
                    transaction, id: id, state: state, run: core.run, topic: message.topic, node: message.node,
                    client: message.client.text, clientIsNumber: message.client.isNumber,
                    receivedAt: message.receivedAt, data: data, lane: message.lane, dedupeKey: message.dedupeKey,
                    error: message.unreadable)
            }
            if let key = message.dedupeKey { try DedupeTable.remember(transaction, key: key, entry: id) }
            if core.acknowledge?.moment == .journaled { acknowledge(message, entry: id, &effects) }
            if let reason = message.unreadable { effects.unreadable.append((id, message.node, reason)) }
        }
        // Those of messages in this very commit are counted once the first has its row.
        for (message, index) in repeats {
            guard let key = message.dedupeKey else { continue }
            try DedupeTable.countRepeat(transaction, key: key)
            effects.repeats.append((key, plan[index].id))
            if core.acknowledge?.moment == .journaled { acknowledge(message, entry: plan[index].id, &effects) }
        }
    }

    /// Whoever sent it, this time or before, may send the next one.
    private func acknowledge(_ message: ReceivedMessage, entry: Int64, _ effects: inout Effects) {
        guard message.unreadable == nil else { return }
        acknowledge(Message(message), entry: entry, node: message.node, &effects)
    }

    private func acknowledge(_ message: Message, entry: Int64, node: String, _ effects: inout Effects) {
        do {
            guard let command = try core.onWriter(entry, { try core.acknowledge?.command(for: message) }) else { return }
            acknowledgements.append((command, entry, node))
        } catch {
            // The end user sends it again, and it is a repeat then; the message itself is safe.
            let known = effects.unacknowledged ?? (entry, 0, (error as? ConnmixError)?.message ?? "\(error)")
            effects.unacknowledged = (known.entry, known.messages + 1, known.reason)
        }
    }

    private func acknowledge(_ outcome: HandlerOutcome, _ effects: inout Effects) {
        guard let acknowledge = core.acknowledge, acknowledge.moment == .handled else { return }
        switch outcome.result {
        case .done, .dead, .parked: break
        case .retry, .released: return
        }
        let delivery = outcome.delivery
        let message = Message(
            id: outcome.id, topic: delivery.topic, node: delivery.node, client: delivery.client, attempt: delivery.attempts,
            receivedAt: delivery.receivedAt, data: delivery.data)
        self.acknowledge(message, entry: outcome.id, node: delivery.node, &effects)
    }

    /// Counts messages whose key was seen within the window, and leaves them out.
    ///
    /// - Returns: the others, and those that repeat one of them, with its place.
    private func withoutRepeats(
        _ transaction: Transaction, _ effects: inout Effects
    ) throws -> (fresh: [ReceivedMessage], repeats: [(message: ReceivedMessage, index: Int)]) {
        guard let dedupe = core.dedupe else { return (work.arrivals, []) }
        let since = transaction.now - dedupe.window.microseconds
        // More than comes in, so that the table cannot grow past its window however busy it is.
        try DedupeTable.prune(transaction, before: since, limit: max(500, 2 * work.arrivals.count))
        var fresh: [ReceivedMessage] = []
        var repeats: [(ReceivedMessage, Int)] = []
        var places: [String: Int] = [:]
        for message in work.arrivals {
            if let key = message.dedupeKey {
                if let place = places[key] {
                    effects.origins.add(message.connection, entry: nil)
                    repeats.append((message, place))
                    continue
                }
                if let entry = try DedupeTable.entry(transaction, key: key, since: since) {
                    try DedupeTable.countRepeat(transaction, key: key)
                    effects.repeats.append((key, entry))
                    effects.origins.add(message.connection, entry: nil)
                    if let acknowledge = core.acknowledge {
                        let isSafe = try acknowledge.moment == .journaled || JournalTable.isEnded(transaction, id: entry)
                        if isSafe { self.acknowledge(message, entry: entry, &effects) }
                    }
                    continue
                }
                places[key] = fresh.count
            }
            fresh.append(message)
        }
        return (fresh, repeats)
    }

    private func enqueue(
        _ transaction: Transaction, _ staged: [(command: Command, outcome: HandlerOutcome)], _ effects: inout Effects
    ) throws {
        guard !staged.isEmpty || !work.enqueues.isEmpty || !acknowledgements.isEmpty else { return }
        var rows: [(id: Int64, command: OutgoingCommand)] = []
        rows.reserveCapacity(staged.count + work.enqueues.count)
        for (command, outcome) in staged {
            guard try known(command, transaction) == nil else { continue }
            let lane = outcome.delivery.laneName
            // Lanes and clients share one space of keys: an answer to the lane's own client needs no second one.
            let isOwnClient = command.client?.text == lane
            // Only the message's own client is known to be on the message's node.
            let isElsewhere = command.kind.isCall && command.client?.text != outcome.delivery.client.text
            let columns = NewCommand(
                command, messageID: outcome.id, node: isElsewhere ? nil : outcome.delivery.node,
                lane: isOwnClient ? nil : lane, now: transaction.now)
            rows.append(try insert(transaction, command, columns, &rows, &effects))
        }
        for (command, entry, node) in acknowledgements {
            var columns = NewCommand(command, messageID: entry, node: node, lane: nil, now: transaction.now)
            columns.flags.insert(.acknowledgement)
            rows.append(try insert(transaction, command, columns, &rows, &effects))
        }
        for enqueue in work.enqueues {
            if let id = try known(enqueue.command, transaction) {
                effects.accepted.append(.known(id, try OutboxTable.settlement(transaction.connection, of: id)))
                continue
            }
            let columns = NewCommand(enqueue.command, messageID: nil, node: nil, lane: nil, now: transaction.now)
            let row = try insert(transaction, enqueue.command, columns, &rows, &effects)
            rows.append(row)
            effects.accepted.append(.new(row.id))
        }
        effects.enqueued = rows.count
        core.admit(rows, now: transaction.now, &effects)
    }

    private func known(_ command: Command, _ transaction: Transaction) throws -> Int64? {
        guard let key = command.extras?.options.idempotencyKey else { return nil }
        return try OutboxTable.id(transaction.connection, idempotencyKey: key)
    }

    /// - Parameter rows: those of this transaction so far; a superseded one is not to be sent.
    private func insert(
        _ transaction: Transaction, _ command: Command, _ columns: NewCommand,
        _ rows: inout [(id: Int64, command: OutgoingCommand)], _ effects: inout Effects
    ) throws -> (id: Int64, command: OutgoingCommand) {
        var older: [Int64] = []
        if let key = columns.extras?.compactionKey {
            older = core.supersede(try OutboxTable.unwritten(transaction.connection, compactionKey: key))
        }
        let id = try command.payload.withBytes { try OutboxTable.enqueue(transaction, columns, data: $0) }
        if !older.isEmpty {
            try OutboxTable.supersede(transaction, ids: older, by: id)
            rows.removeAll { older.contains($0.id) }
            effects.superseded += older.map { ($0, "superseded by command \(id)") }
        }
        return (id, OutgoingCommand(command, columns, now: transaction.now))
    }

    private func claim(_ transaction: Transaction, _ effects: inout Effects) throws {
        effects.lostClaims = try JournalTable.claim(transaction, ids: work.claims, run: core.run)
    }

    private func mark(_ transaction: Transaction, _ effects: inout Effects) throws {
        var plain: [Int64] = []
        for change in work.changes {
            switch change {
            case .sent(let id, true, _):
                plain.append(id)
            case .sent(let id, false, let settlement), .settled(let id, let settlement):
                try OutboxTable.settle(transaction, id: id, settlement)
            case .postponed(let id, let item, let code, let error):
                try OutboxTable.postpone(
                    transaction, id: id, attempts: item.attempts, writes: item.writes, availableAt: item.availableAt,
                    code: code, error: error)
            case .writing(let id):
                if try !OutboxTable.markWriting(transaction, id: id) { effects.endedByOthers.insert(id) }
            }
        }
        plain.sort()
        try OutboxTable.markSent(transaction, ids: plain)
        try expire(transaction, &effects)
    }

    /// Ends commands whose time ran out in the file, beyond what is in memory.
    private func expire(_ transaction: Transaction, _ effects: inout Effects) throws {
        guard core.isExpiryDue(now: transaction.now) else { return }
        for (id, attempts, writes) in try OutboxTable.expired(transaction, limit: 1_000) where core.isOnlyInFile(id) {
            let reason = OutgoingCommand.expiry(writes: writes)
            try OutboxTable.settle(
                transaction, id: id, Settlement(state: .expired, attempts: attempts, writes: writes, error: reason))
            effects.expired.append((id, reason))
        }
    }
}
