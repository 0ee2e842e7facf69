/// What the parts of a commit ask of memory, and change in it, while their transaction is open: each under the lock, for a moment, on the
/// writer's thread. Rows that are taken here are unconfirmed until `committed`, and `withdraw` takes them back.
extension ConsumerCore {
    var isStopping: Bool { state.withLock { $0.dispatcher.isStopping } }

    // MARK: What others changed

    var mustLookAgain: Bool { state.withLock { $0.mustLookAgain } }

    /// - Returns: the marks that were seen before.
    func saw(_ marks: ChangeMark.Versions) -> ChangeMark.Versions {
        state.withLock { state in
            defer { state.seenChanges = marks }
            return state.seenChanges
        }
    }

    func lookedAgain() {
        state.withLock { $0.mustLookAgain = false }
    }

    /// - Returns: entries that others may have changed.
    func lookAgainAtEntries(parked: Set<String>) -> [Int64] {
        state.withLock { state in
            state.dispatcher.setParked(parked)
            state.dispatcher.wakeAll()
            state.dispatcher.window.lookAgain(above: 0)
            return state.dispatcher.unclaimed
        }
    }

    func rechecked(entries: [(id: Int64, attempts: Int, availableAt: Int64)], gone: Set<Int64>) {
        state.withLock { state in
            for (id, attempts, availableAt) in entries {
                state.dispatcher.refresh(id, attempts: attempts, availableAt: availableAt)
            }
            for id in gone { state.dispatcher.drop(id) }
        }
    }

    /// Commands were added, and none was changed.
    func lookBehindCommands() {
        state.withLock { $0.relay.window.lookBehind() }
    }

    /// - Returns: commands that others may have changed.
    func lookAgainAtCommands() -> [Int64] {
        let (known, awaited) = state.withLock { state in
            state.relay.lookAgain()
            state.receipts.lookAgain()
            return (state.relay.known, state.receipts.nextLook(limit: Self.awaitedLimit))
        }
        return Array(Set(known).union(awaited))
    }

    /// - Returns: commands that others may have changed before, and that somebody waits for the end of.
    func lookFurtherAtCommands() -> [Int64] {
        state.withLock { $0.receipts.wantsLook ? $0.receipts.nextLook(limit: Self.awaitedLimit) : [] }
    }

    /// What was looked at for those who wait could not be read.
    func lookAgainAtAwaited() {
        state.withLock { $0.receipts.lookAgain() }
    }

    /// So many of those who wait for an answer are looked after in one commit; the others have their turn in the next ones.
    private static let awaitedLimit = 10_000

    /// - Parameter changes: those of the commit that looks.
    func rechecked(
        commands: [OutboxTable.Waiting], settled: [(id: Int64, Settlement)], _ changes: [Relay.Change]
    ) {
        let answered = state.withLock { state in
            // What memory knows and the file does not yet is newer.
            let newer = Set((changes + state.changes).lazy.map(\.id))
            for row in commands {
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

    // MARK: New rows

    /// Decides which new messages are handed out at once.
    ///
    /// - Returns: the states they are journaled in.
    func admit(_ arrivals: [ReceivedMessage], _ ids: [Int64], _ effects: inout CommitEffects) -> [EntryState] {
        state.withLock { state in
            zip(arrivals, ids).map { message, id in
                guard message.unreadable == nil else { return .dead }
                var delivery = Delivery(message)
                if state.dispatcher.isProbed(message.topic) { delivery = delivery.unclaimed }
                guard !state.dispatcher.isStopping,
                    state.dispatcher.append(id, delivery) == .taken
                else { return .pending }
                effects.entries.append(id)
                return delivery.isClaimed ? .running : .pending
            }
        }
    }

    func admit(_ rows: [(id: Int64, command: OutgoingCommand)], now: Int64, _ effects: inout CommitEffects) {
        state.withLock { state in
            for (id, command) in rows where state.relay.append(id, command, now: now) { effects.commands.append(id) }
        }
    }

    /// - Returns: those earlier commands that may be superseded: no socket has seen them, and none will.
    func supersede(_ ids: [Int64]) -> [Int64] {
        state.withLock { state in ids.filter { state.relay.supersede($0) } }
    }

    // MARK: Rows of the file

    /// Where to go on reading entries; `nil` where there is no room, or nothing to be read.
    func nextPassOfEntries() -> FilePass.Look? {
        state.withLock { state in
            guard !state.dispatcher.isStopping, !state.dispatcher.hasStrays else { return nil }
            return state.dispatcher.window.nextPass(limit: Self.passLimit)
        }
    }

    func nextPassOfCommands() -> FilePass.Look? {
        state.withLock { $0.relay.window.nextPass(limit: Self.passLimit) }
    }

    /// How many rows one look at the file brings into memory at most.
    private static let passLimit = 1_000

    /// - Parameters:
    ///   - look: what was read. Where others have sent the pass elsewhere meanwhile nothing of it is taken, and it is read again.
    ///   - isLast: whether the file has no more of them.
    /// - Returns: entries to be claimed.
    func loaded(
        _ rows: [(id: Int64, delivery: Delivery)], of look: FilePass.Look, isLast: Bool, now: Int64,
        _ effects: inout CommitEffects
    ) -> [Int64] {
        state.withLock { state in
            var claims: [Int64] = []
            guard !state.dispatcher.isStopping, state.dispatcher.window.isAt(look) else { return claims }
            for (id, row) in rows {
                let delivery = state.dispatcher.isProbed(row.topic) ? row.unclaimed : row
                switch state.dispatcher.load(id, delivery, now: now) {
                case .taken:
                    effects.entries.append(id)
                    if delivery.isClaimed { claims.append(id) }
                case .leftInFile, .known: break
                case .full: return claims
                }
            }
            if isLast { state.dispatcher.window.passEnded() }
            return claims
        }
    }

    /// - Parameters:
    ///   - look: what was read. Where others have sent the pass elsewhere meanwhile nothing of it is taken, and it is read again.
    ///   - isLast: whether the file has no more of them.
    func loaded(
        _ rows: [(id: Int64, command: OutgoingCommand)], of look: FilePass.Look, isLast: Bool, now: Int64,
        _ effects: inout CommitEffects
    ) {
        state.withLock { state in
            guard state.relay.window.isAt(look) else { return }
            for (id, command) in rows {
                switch state.relay.load(id, command, now: now) {
                case .taken: effects.commands.append(id)
                case .leftInFile, .known: break
                case .full: return
                }
            }
            if isLast { state.relay.window.passEnded() }
        }
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

    // MARK: Upkeep

    /// - Parameter now: by the steady clock.
    func duePruner(now: Int64) -> Pruner? {
        guard let pruner = state.withLock({ now >= $0.pruneAt ? $0.pruner : nil }) else { return nil }
        return pruner.isDue(now: now) ? pruner : nil
    }

    /// What is old stays for a while, and it is told why.
    func pruneFailed(_ error: any Error) {
        state.withLock { state in
            state.pruneFailedUntil = Clock.steady() + Self.pruneFailureRest
            state.pruneAt = max(state.pruneAt, state.pruneFailedUntil)
        }
        onEvent(.pruneFailed(reason: (error as? ConnmixError)?.message ?? "\(error)"))
    }

    /// Whether deleting does not rest after a failure.
    ///
    /// - Parameter now: by the steady clock.
    func mayDelete(now: Int64) -> Bool { state.withLock { now >= $0.pruneFailedUntil } }

    /// In microseconds.
    private static var pruneFailureRest: Int64 { 60_000_000 }

    func pruned(_ pruner: Pruner) {
        state.withLock { $0.pruner = pruner }
    }

    /// What is to be measured, where it is time to; at most once a second.
    func dueGauge(now: Int64) -> (countsEntries: Bool, measuresDisk: Bool)? {
        state.withLock { state in
            state.gauge.isDue(now: now) ? (state.gauge.countsEntries, state.gauge.measuresDisk) : nil
        }
    }

    /// Holds intake, or lets it go. From now on the file was looked at.
    func gauged(open: Int64, free: Int64?) {
        for change in state.withLock({ $0.gauge.looked(open: open, free: free) }) {
            switch change {
            case .hold(let reason): apply(intake.withLock { $0.hold(reason) })
            case .release(let reason): apply(intake.withLock { $0.release(reason) })
            }
        }
        apply(intake.withLock { $0.release(.starting) })
    }

    /// What the account has to say, where that has become wrong, or may have and it is a second since the last one.
    ///
    /// - Parameters:
    ///   - now: by the steady clock.
    ///   - isIdle: whether the commit has nothing else to do.
    func dueAccount(now: Int64, isIdle: Bool) -> CommitAccount.Facts? {
        let (atRisk, highWater) = intake.withLock { ($0.atRisk, $0.highWater) }
        return state.withLock { state in
            let isDue = now - state.accountedAt >= 1_000_000
            let waiting = isDue ? state.relay.waitingForNodes.map { StatusReport.Waiting($0) } : state.accountedWaiting
            let trouble = handlers?.trouble
            let held = isDue ? held(now: now) : state.accountedHeld
            let probed = state.dispatcher.outages.topics
            let isWrong =
                state.accountIsStale || trouble != state.accountedTrouble || held != state.accountedHeld
                || waiting != state.accountedWaiting
                || isDue && (atRisk, highWater) != (state.accountedAtRisk, state.accountedHighWater)
            guard isWrong || isDue && !isIdle else { return nil }
            state.accountedAt = now
            state.accountedAtRisk = atRisk
            state.accountedHighWater = highWater
            state.accountedWaiting = waiting
            state.accountedTrouble = trouble
            state.accountedHeld = held
            state.accountIsStale = false
            state.countsAreStale = false
            return CommitAccount.Facts(
                atRisk: atRisk, highWater: highWater, nodes: state.nodes, paused: state.gauge.reason, waiting: waiting,
                work: StatusReport.Work(
                    topics: topics, centers: centers, centerTrouble: state.centerTrouble, handler: handlers?.name,
                    trouble: trouble,
                    held: held, probed: probed))
        }
    }

    /// Whether rows are to be counted for the gauges though no account is due: once after the last change, so that they do not show for
    /// ever what was there in the midst of the work.
    func areCountsDue(now: Int64, isIdle: Bool) -> Bool {
        state.withLock { state in
            if !isIdle { state.countsAreStale = true }
            guard state.countsAreStale, now - state.accountedAt >= 1_000_000 else { return false }
            state.countsAreStale = false
            return true
        }
    }

    /// What is said of a run that has ended in order.
    func lastAccount() -> CommitAccount.Facts {
        let (atRisk, highWater) = intake.withLock { ($0.atRisk, $0.highWater) }
        let nodes = state.withLock { $0.nodes }
        return CommitAccount.Facts(
            atRisk: atRisk, highWater: highWater, nodes: nodes, waiting: [],
            work: StatusReport.Work(topics: topics, handler: handlers?.name))
    }
}
