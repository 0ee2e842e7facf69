internal import NIOCore
internal import Synchronization

/// What a commit takes, what the transaction does with it, and what follows. Called by `DrainOperation` on the writer's thread.
extension ConsumerCore {
    func takeWork() -> DrainOperation.Work {
        var work = state.withLock { state in
            state.isDrainScheduled = false
            state.pace.began()
            state.flushAt = nil
            defer {
                state.outcomes = []
                state.enqueues = []
                state.changes = []
                state.hasUrgentChange = false
            }
            return DrainOperation.Work(
                outcomes: state.outcomes, enqueues: state.enqueues, changes: state.changes,
                claims: state.dispatcher.takeClaims(), releases: state.dispatcher.takeReleases(), takenAt: Clock.steady())
        }
        work.arrivals = intake.withLock { $0.take() }
        if let dedupe {
            for index in work.arrivals.indices where work.arrivals[index].dedupeKey == nil {
                work.arrivals[index].dedupeKey = dedupe.column(for: work.arrivals[index])
            }
        }
        if !lanes.areClients {
            for index in work.arrivals.indices where work.arrivals[index].lane == nil {
                work.arrivals[index].lane = lanes.column(for: work.arrivals[index])
            }
        }
        return work
    }

    /// Gives ids to new messages and decides which are handed out at once.
    func admit(
        _ arrivals: [ReceivedMessage], _ transaction: Transaction, _ effects: inout DrainOperation.Effects
    ) throws -> [(id: Int64, state: EntryState)] {
        try state.withLock { state in
            try arrivals.map { message in
                let id = try transaction.nextID(.journal)
                guard message.unreadable == nil else { return (id, .dead) }
                let delivery = Delivery(
                    topic: message.topic, node: message.node, client: message.client, lane: message.lane, data: message.data,
                    receivedAt: message.receivedAt, attempts: 1, availableAt: message.receivedAt, isClaimed: true)
                guard !state.dispatcher.isStopping,
                    state.dispatcher.window.append(id, keys: delivery.keys, bytes: delivery.bytes, delivery) == .taken
                else { return (id, .pending) }
                effects.entries.append(id)
                return (id, .running)
            }
        }
    }

    func admit(_ rows: [(id: Int64, command: OutgoingCommand)], now: Int64, _ effects: inout DrainOperation.Effects) {
        state.withLock { state in
            for (id, command) in rows where state.relay.append(id, command, now: now) { effects.commands.append(id) }
        }
    }

    /// A dead entry parks its lane, where that was asked for and it has one.
    func park(_ outcome: HandlerOutcome) -> HandlerOutcome {
        guard lanes.deadHead == .park, case .dead(let attempt) = outcome.result, let lane = outcome.delivery.laneName
        else { return outcome }
        return outcome.becoming(.parked(attempt, lane: lane))
    }

    /// Another process changed the file: rows may be waiting that were looked at before, and entries that wait here may wait
    /// for another time, or not any more.
    ///
    /// What it says is committed already, so it holds however this transaction ends.
    func lookAgain(_ connection: Connection, _ changes: [Relay.Change]) throws {
        let marks = try ChangeMark.versions(connection)
        let (seen, news) = state.withLock { state in
            defer { state.seenChanges = marks }
            return (state.seenChanges, marks.news(since: state.seenChanges))
        }
        do {
            if news.journal { try lookAgainAtJournal(connection) }
            switch news.outbox {
            case .nothing: break
            case .added: state.withLock { $0.relay.window.lookBehind() }
            case .changed: try lookAgainAtOutbox(connection, changes)
            }
            state.withLock { $0.mustLookAgain = false }
        } catch {
            state.withLock { $0.seenChanges = seen }
            throw error
        }
    }

    private func lookAgainAtJournal(_ connection: Connection) throws {
        let parked = try ParkedLanes.names(connection)
        let unclaimed = state.withLock { state in
            state.dispatcher.setParked(parked)
            state.dispatcher.wakeAll()
            state.dispatcher.window.lookAgain(above: 0)
            return state.dispatcher.unclaimed
        }
        guard !unclaimed.isEmpty else { return }
        let (waiting, gone) = try JournalTable.recheck(connection, ids: unclaimed)
        state.withLock { state in
            for (id, attempts, availableAt) in waiting {
                state.dispatcher.refresh(id, attempts: attempts, availableAt: availableAt)
            }
            for id in gone { state.dispatcher.drop(id) }
        }
    }

    private func lookAgainAtOutbox(_ connection: Connection, _ changes: [Relay.Change]) throws {
        let (known, awaited) = state.withLock { state in
            state.relay.lookAgain()
            return (state.relay.known, Array(state.receipts.keys.prefix(Self.awaitedLimit)))
        }
        let ids = Set(known).union(awaited)
        guard !ids.isEmpty else { return }
        let (waiting, settled) = try OutboxTable.recheck(connection, ids: Array(ids))
        let answered = state.withLock { state in
            // What memory knows and the file does not yet is newer.
            let newer = Set((changes + state.changes).lazy.map(\.id))
            for row in waiting {
                state.relay.pendingAgain(row.id)
                if !newer.contains(row.id) { state.relay.refresh(row) }
            }
            return settled.compactMap { id, settlement in
                state.relay.endedElsewhere(id)
                return state.receipts.removeValue(forKey: id).map { ($0, settlement) }
            }
        }
        for (receipt, settlement) in answered { receipt.settle(Receipt.Answer(settlement)) }
    }

    /// So many of those who wait for an answer are looked after at a change by others.
    private static let awaitedLimit = 10_000

    /// Whether earlier commands may be superseded: no socket has seen them, and none will.
    func supersede(_ ids: [Int64]) -> [Int64] {
        state.withLock { state in ids.filter { state.relay.supersede($0) } }
    }

    /// Whether commands that ran out of time in the file are to be looked for; at most once a second.
    func isExpiryDue(now: Int64) -> Bool {
        state.withLock { state in
            guard now >= state.expiryLookAt || state.expiryLookAt > now + 10_000_000 else { return false }
            state.expiryLookAt = now + 1_000_000
            return true
        }
    }

    /// Whether nothing in memory answers for the command.
    func isOnlyInFile(_ id: Int64) -> Bool {
        state.withLock { !$0.relay.window.contains(id) && !$0.relay.isUnmarked(id) }
    }

    /// How many bytes one look at the file brings into memory, or one row that has more.
    private static var passBytes: Int { 8 << 20 }

    /// Reads outside the lock: a scan takes as long as a hundred handlers.
    func loadEntries(_ transaction: Transaction, _ effects: inout DrainOperation.Effects) throws {
        let pass = state.withLock { state in
            state.dispatcher.isStopping ? nil : state.dispatcher.window.nextPass(limit: 1_000)
        }
        guard let pass else { return }
        var rows: [(id: Int64, delivery: Delivery)] = []
        rows.reserveCapacity(pass.limit)
        var bytes = 0
        let scanned = try JournalTable.scan(transaction.connection, after: pass.after, limit: pass.limit) { row in
            let delivery = Delivery(row, isClaimed: row.availableAt <= transaction.now)
            rows.append((row.id, delivery))
            bytes += delivery.bytes
            return bytes < Self.passBytes
        }
        let claims = state.withLock { state -> [Int64] in
            var claims: [Int64] = []
            guard !state.dispatcher.isStopping else { return claims }
            for (id, delivery) in rows {
                switch state.dispatcher.load(id, delivery, now: transaction.now) {
                case .taken:
                    effects.entries.append(id)
                    if delivery.isClaimed { claims.append(id) }
                case .leftInFile, .known: break
                case .full: return claims
                }
            }
            if scanned < pass.limit { state.dispatcher.window.passEnded() }
            return claims
        }
        guard try JournalTable.claim(transaction, ids: claims, run: run).isEmpty else {
            throw ConnmixError(.internal, "entries were found waiting and could not be claimed in the same transaction")
        }
    }

    func loadCommands(_ transaction: Transaction, _ effects: inout DrainOperation.Effects) throws {
        guard let pass = state.withLock({ $0.relay.window.nextPass(limit: 1_000) }) else { return }
        var rows: [(id: Int64, command: OutgoingCommand)] = []
        rows.reserveCapacity(pass.limit)
        var bytes = 0
        let scanned = try OutboxTable.scan(transaction.connection, after: pass.after, limit: pass.limit) { row in
            let command = try OutgoingCommand(row)
            rows.append((row.id, command))
            bytes += command.bytes
            return bytes < Self.passBytes
        }
        state.withLock { state in
            for (id, command) in rows {
                switch state.relay.load(id, command, now: transaction.now) {
                case .taken: effects.commands.append(id)
                case .leftInFile, .known: break
                case .full: return
                }
            }
            if scanned < pass.limit { state.relay.window.passEnded() }
        }
    }

    /// Deletes a slice of what is finished and old.
    func prune(_ transaction: Transaction) throws {
        let now = Clock.steady()
        guard var pruner = state.withLock({ now >= $0.pruneAt ? $0.pruner : nil }), pruner.isDue(now: now) else { return }
        _ = try pruner.prune(transaction, now: now)
        state.withLock { [pruner] in $0.pruner = pruner }
    }

    /// Writes the live account, at most once a second, into a commit that happens anyway or when it has become wrong.
    func account(_ transaction: Transaction, isIdle: Bool) throws {
        let (atRisk, highWater) = intake.withLock { ($0.atRisk, $0.highWater) }
        let now = Clock.steady()
        let facts = state.withLock {
            state -> (nodes: [NodeIdentity: NodeState], paused: String?, waiting: [StatusReport.Waiting])? in
            let isDue = now - state.accountedAt >= 1_000_000
            let waiting = isDue ? state.relay.waitingForNodes.map { StatusReport.Waiting($0) } : state.accountedWaiting
            let isWrong =
                state.accountIsStale || waiting != state.accountedWaiting
                || isDue && (atRisk, highWater) != (state.accountedAtRisk, state.accountedHighWater)
            guard isWrong || isDue && !isIdle else { return nil }
            state.accountedAt = now
            state.accountedAtRisk = atRisk
            state.accountedHighWater = highWater
            state.accountedWaiting = waiting
            state.accountIsStale = false
            return (state.nodes, state.gauge.reason, waiting)
        }
        guard let facts else { return }
        if metrics.isOn { try observe(transaction.connection, facts.nodes) }
        try RunTable.account(
            transaction, run: run, atRisk: atRisk, highWater: highWater, nodes: facts.nodes,
            paused: facts.paused, waiting: facts.waiting)
    }

    private func observe(_ connection: Connection, _ nodes: [NodeIdentity: NodeState]) throws {
        let entries = try Ledger.journal.counts(connection)
        let commands = try Ledger.outbox.counts(connection)
        metrics.observe(
            openEntries: entries[EntryState.pending.rawValue, default: 0] + entries[EntryState.running.rawValue, default: 0],
            openCommands: commands[CommandState.pending.rawValue, default: 0])
        metrics.observe(nodes: nodes.count, consuming: nodes.values.count { $0 == .consuming })
    }

    /// Holds intake, or lets it go, by what the file and its disk hold. At most once a second.
    ///
    /// What it finds holds however this transaction ends.
    func gauge(_ transaction: Transaction) throws {
        let (isDue, countsEntries, measuresDisk) = state.withLock { state in
            (state.gauge.isDue(now: transaction.now), state.gauge.countsEntries, state.gauge.measuresDisk)
        }
        guard isDue else { return }
        let open = countsEntries ? try Ledger.journal.openCount(transaction.connection) : 0
        let free = measuresDisk ? freeBytes() : nil
        for change in state.withLock({ $0.gauge.looked(open: open, free: free) }) {
            switch change {
            case .hold(let reason): apply(intake.withLock { $0.hold(reason) })
            case .release(let reason): apply(intake.withLock { $0.release(reason) })
            }
        }
        apply(intake.withLock { $0.release(.starting) })
    }

    /// Tells of a pause that began, has another reason now, or is over.
    private func announcePause() {
        let event = state.withLock { state -> ConsumerEvent? in
            // Lost files do not come back, and were told of.
            guard state.fileLoss == nil else { return nil }
            let reason = state.trouble?.error.message ?? state.gauge.reason
            guard reason != state.announcedPause else { return nil }
            state.announcedPause = reason
            state.accountIsStale = true
            return reason.map { .paused(reason: $0) } ?? .resumed
        }
        if let event { onEvent(event) }
    }

    /// The transaction that took these rows left nothing in the file.
    func withdraw(_ effects: DrainOperation.Effects) {
        if !effects.losses.isEmpty { losses.withLock { $0.putBack() } }
        state.withLock { state in
            for id in effects.entries.reversed() { state.dispatcher.withdraw(id) }
            for id in effects.commands.reversed() { state.relay.window.withdraw(id) }
            state.dispatcher.wakeAll()
            state.dispatcher.window.lookAgain(above: 0)
            state.relay.lookAgain()
        }
    }

    func committed(_ work: DrainOperation.Work, _ effects: DrainOperation.Effects) {
        noteCommit(effects)
        var isOverTrouble = false
        let (receipts, isClosed) = state.withLock { state in
            for id in effects.entries { state.dispatcher.window.confirm(id) }
            for id in effects.commands { state.relay.confirm(id) }
            let now = time(&state)
            for outcome in effects.outcomes {
                switch outcome.result {
                case .done, .dead, .released: state.dispatcher.settled(outcome.id)
                case .parked(_, let lane): state.dispatcher.park(outcome.id, lane: lane)
                case .retry(_, let pause):
                    state.dispatcher.retry(outcome.id, at: now + pause.microseconds, now: now)
                }
            }
            for case .sent(let id, _, _) in work.changes { state.relay.marked(id) }
            for case .settled(let id, _) in work.changes { state.relay.marked(id) }
            for case .writing(let id) in work.changes {
                state.relay.noted(id, isWaiting: !effects.endedByOthers.contains(id))
            }
            if !effects.superseded.isEmpty || !effects.expired.isEmpty { state.relay.endedInFile() }
            for arrival in work.arrivals { state.relay.clientSeen(arrival.client.text) }
            let receipts = effects.accepted.map { receipt(for: $0, of: work, &state) }
            state.dispatcher.claimed(work.claims, lost: effects.lostClaims)
            if state.dispatcher.isStopping {
                release(state.dispatcher.startable(effects.entries + work.claims), &state)
            }
            state.pace.ended(now: now)
            followed(effects.clockWalk, &state)
            isOverTrouble = state.trouble != nil
            state.trouble = nil
            return (receipts, state.isClosed)
        }
        apply(journaled(work.arrivals))
        if isOverTrouble { apply(intake.withLock { $0.release(.trouble) }) }
        announcePause()
        for (enqueue, receipt) in zip(work.enqueues, receipts) {
            enqueue.finish(.success(receipt))
            if isClosed { receipt.abandon(Self.unanswered(receipt.id)) }
        }
        announceEnds(effects)
        metrics.committed(work, effects, inMicroseconds: Clock.steady() - work.takenAt)
        for outcome in effects.outcomes { report(outcome) }
        for (key, entry) in effects.repeats { onEvent(.repeated(key: key, entry: entry)) }
        if let (entry, messages, reason) = effects.unacknowledged {
            onEvent(.notAcknowledged(entry: entry, messages: messages, reason: reason))
        }
        for (id, node, reason) in effects.unreadable { onEvent(.unreadableMessage(id: id, node: node, reason: reason)) }
        pump()
    }

    /// The receipt of a command from outside. A key that was there before gets the receipt that is there already, if one is.
    private func receipt(
        for accepted: DrainOperation.Accepted, of work: DrainOperation.Work, _ state: inout State
    ) -> Receipt {
        let receipt: Receipt
        switch accepted {
        case .new(let id): receipt = Receipt(id: id)
        case .known(let id, let settlement?): return Receipt(id: id, .init(settlement))
        case .known(let id, nil):
            if let known = state.receipts[id] { return known }
            // Answered, and the mark came with this commit or comes with the next one.
            if let settlement = (work.changes + state.changes).lazy.compactMap({ $0.settlement(of: id) }).first {
                return Receipt(id: id, .init(settlement))
            }
            receipt = Receipt(id: id)
        }
        if !state.isClosed { state.receipts[receipt.id] = receipt }
        return receipt
    }

    /// Tells whoever waits of commands that ended in the file, without an outcome of their own.
    private func announceEnds(_ effects: DrainOperation.Effects) {
        for (ended, state) in [(effects.superseded, CommandState.superseded), (effects.expired, .expired)] {
            for (id, reason) in ended {
                let receipt = self.state.withLock { $0.receipts.removeValue(forKey: id) }
                receipt?.settle(Receipt.Answer(Settlement(state: state, attempts: 0, writes: 0, error: reason)))
                if state == .expired { onEvent(.commandExpired(id: id, reason: reason)) }
            }
        }
    }

    /// Nothing of the work is in the file. It stays in memory; what the disk may allow later is tried again.
    func failed(_ work: DrainOperation.Work, _ error: any Error) {
        let known = error as? ConnmixError ?? ConnmixError(.internal, "a commit failed: \(error)")
        let isFatal = !known.isTransient
        state.withLock { state in
            state.outcomes = work.outcomes + state.outcomes
            state.changes = Self.newest(work.changes + state.changes)
            state.accountIsStale = true
            state.dispatcher.putBack(claims: work.claims)
            state.dispatcher.putBack(releases: work.releases)
            var backoff = state.trouble?.backoff ?? Backoff(base: .milliseconds(100), cap: .seconds(5))
            var generator = SystemRandomNumberGenerator()
            let pause = backoff.next(using: &generator)
            // The same trouble may meet another statement at each try; it is told of once.
            let error = state.trouble.map { $0.error.code == known.code ? $0.error : known } ?? known
            state.trouble = (error, time(&state) + pause.microseconds, backoff)
            if isFatal { state.failure = state.failure ?? known }
        }
        announcePause()
        apply(intake.withLock { $0.putBack(work.arrivals) })
        metrics.commitFailed()
        for enqueue in work.enqueues { enqueue.finish(.failure(known)) }
        pump()
    }

    /// Of several postponements of a command only the last one counts, so that a long trouble gathers one change a command.
    static func newest(_ changes: [Relay.Change]) -> [Relay.Change] {
        var seen: Set<Int64> = []
        return changes.reversed().filter { change in
            // A note says nothing of what was postponed before.
            if case .writing = change { return true }
            return seen.insert(change.id).inserted
        }.reversed()
    }

    /// Gives entries back that are claimed in the file and will not be handled by this process.
    func release(_ ids: [Int64], _ state: inout State) {
        for id in ids {
            guard let delivery = state.dispatcher.window[id] else { continue }
            state.outcomes.append(HandlerOutcome(id: id, delivery: delivery, startedAt: 0, result: .released))
        }
    }
}
