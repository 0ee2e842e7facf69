internal import NIOCore

/// Performing what was decided: handlers started, commands sent, commits and timers asked for.
extension ConsumerCore {
    /// Starts what can start: handlers for ready entries, sends for ready commands, a commit for what waits.
    func pump() {
        var starts: [(CheckedContinuation<Dispatcher.Job?, Never>, Dispatcher.Job)] = []
        var finished: [Watcher] = []
        var settled: [(Receipt?, Relay.Change)] = []
        let isOnLoop = loop.inEventLoop
        let (departure, mustCommit, hasNews) = state.withLock { state in
            let now = time(&state)
            while !state.idleWorkers.isEmpty, let job = state.dispatcher.nextJob(now: now) {
                starts.append((state.idleWorkers.removeLast(), job))
            }
            let departure = state.departures.decided(takeSends(&state, now: now, settled: &settled), isOnLoop: isOnLoop)
            finished = takeWatchers(&state)
            let hasWork = hasWork(&state)
            let step = state.schedule.pumped(
                hasWork: hasWork, hasOutcomes: !state.outcomes.isEmpty, for: state.commitWaiter, now: now)
            setTimer(&state, now: now)
            return (departure, step == .commit, !state.topicNews.isEmpty)
        }
        for (worker, job) in starts { worker.resume(returning: job) }
        switch departure {
        case .handOn(let batches): handOn(batches)
        case .callLoop: loop.execute { self.handOn(self.state.withLock { $0.departures.next() }) }
        case .nothing: break
        }
        for watcher in finished { watcher.continuation.resume(returning: true) }
        announce(settled)
        if hasNews { announceTopics() }
        if mustCommit { submitCommit() }
    }

    /// Hands sends to their connections, in the order in which they were decided. On the loop.
    private func handOn(_ first: [SendBatch]) {
        var batches = first
        while !batches.isEmpty {
            for batch in batches {
                if spans.isOn {
                    for (id, command) in batch.commands { spans.sending(command, id: id, to: batch.route.identity.id) }
                }
                batch.route.send(batch.commands)
            }
            batches = state.withLock { $0.departures.next() }
        }
    }

    private func takeSends(
        _ state: inout State, now: Int64, settled: inout [(Receipt?, Relay.Change)]
    ) -> [SendBatch] {
        guard !state.isClosed else { return [] }
        let (sends, changes) = state.relay.nextSends(now: now)
        for change in changes { keep(change, &state, &settled, now: now) }
        var byNode: [String: [(id: Int64, command: Command)]] = [:]
        for send in sends { byNode[send.node, default: []].append((send.id, send.command)) }
        return byNode.compactMap { node, commands in
            let route: (any CommandRoute)? = state.connections[node] ?? state.httpRoutes[node]
            assert(route != nil, "the relay sends to node \(node), to which there is no way")
            return route.map { SendBatch(route: $0, commands: commands) }
        }
    }

    /// Takes note of a change for the next commit.
    func keep(_ change: Relay.Change, _ state: inout State, _ settled: inout [(Receipt?, Relay.Change)], now: Int64) {
        state.changes.append(change)
        switch change {
        case .sent(let id, _, _):
            state.schedule.changed(isUrgent: false, now: now)
            if let receipt = state.receipts.removeValue(forKey: id) { settled.append((receipt, change)) }
        case .settled(let id, _):
            state.schedule.changed(isUrgent: true, now: now)
            settled.append((state.receipts.removeValue(forKey: id), change))
        case .postponed, .writing:
            state.schedule.changed(isUrgent: true, now: now)
        }
    }

    func announce(_ settled: [(Receipt?, Relay.Change)]) {
        for (receipt, change) in settled {
            switch change {
            case .sent(_, _, let settlement):
                receipt?.settle(Receipt.Answer(settlement))
            case .settled(let id, let settlement):
                receipt?.settle(Receipt.Answer(settlement))
                report(id, settlement)
            case .postponed, .writing:
                break
            }
        }
    }

    func report(_ id: Int64, _ settlement: Settlement) {
        let reason = settlement.error ?? ""
        switch settlement.state {
        case .dead where settlement.isAcknowledgement: break
        case .dead: onEvent(.commandDead(id: id, reason: reason))
        case .expired: onEvent(.commandExpired(id: id, reason: reason))
        case .unknown: onEvent(.commandUnknown(id: id, reason: reason))
        case .pending, .sent, .cancelled, .superseded: break
        }
    }

    /// Whether anything waits that only a commit moves on, beside outcomes and changes of commands.
    private func hasWork(_ state: inout State) -> Bool {
        if !state.enqueues.isEmpty { return true }
        if state.dispatcher.hasClaims || state.dispatcher.hasReleases { return true }
        if state.clockWalk != nil || state.mustLookAgain || state.receipts.wantsLook { return true }
        if state.relay.window.wantsPass() { return true }
        return !state.dispatcher.isStopping && state.dispatcher.window.wantsPass()
    }

    /// Asks for a commit.
    ///
    /// - Returns: whether the caller must submit it, once the lock is free.
    func requestCommit(_ state: inout State, now: Int64) -> Bool {
        perform(state.schedule.worked(for: state.commitWaiter, now: now), &state, now: now)
    }

    /// - Returns: whether the caller must submit a commit, once the lock is free.
    func perform(_ step: CommitSchedule.Step, _ state: inout State, now: Int64) -> Bool {
        switch step {
        case .commit: return true
        case .wait: setTimer(&state, now: now)
        case .nothing: break
        }
        return false
    }

    func submitCommit() {
        if !writer.submit(CommitOperation(core: self)) {
            // The writer is gone; whoever still waits for a commit must hear it.
            let enqueues = state.withLock { state in
                defer { state.enqueues = [] }
                return state.enqueues
            }
            for enqueue in enqueues { enqueue.finish(.failure(Self.stopped)) }
        }
    }

    /// The connections ask what holds when they come to it, so it matters only that something has changed.
    func apply(_ change: Intake.Change?) {
        guard change != nil else { return }
        for connection in state.withLock({ Array($0.connections.values) }) { connection.review() }
    }

    func report(_ outcome: HandlerOutcome) {
        switch outcome.result {
        case .done, .released: break
        case .retry(let attempt, _):
            onEvent(.handlerFailed(id: outcome.id, attempt: attempt.number, error: attempt.error, isDead: false))
        case .dead(let attempt), .parked(let attempt, _):
            onEvent(.handlerFailed(id: outcome.id, attempt: attempt.number, error: attempt.error, isDead: true))
        }
    }

    /// Sets the timer, where the one that is set fires too late.
    private func setTimer(_ state: inout State, now: Int64) {
        guard !state.isClosed else { return }
        let (entry, command) = (state.dispatcher.nextDeadline, state.relay.nextDeadline)
        let deadline = entry.map { min($0, command ?? $0) } ?? command
        guard let time = state.schedule.timer(deadline: deadline, now: now) else { return }
        state.timer?.cancel()
        state.timer = loop.scheduleTask(in: .microseconds(time - now + Self.timerSlack)) { self.timerFired() }
    }

    /// The timer's clock is another one: a little late is better than called twice.
    private static let timerSlack: Int64 = 500

    private func timerFired() {
        var settled: [(Receipt?, Relay.Change)] = []
        confirmAccount(now: Clock.now())
        let mustCommit = state.withLock { state in
            state.timer = nil
            let now = time(&state)
            state.dispatcher.tick(now: now)
            for change in state.relay.tick(now: now) { keep(change, &state, &settled, now: now) }
            let step = state.schedule.timerFired(now: now)
            return perform(step, &state, now: now)
        }
        announceClock()
        announce(settled)
        if mustCommit { submitCommit() }
        pump()
    }
}
