internal import NIOCore
internal import Synchronization

/// Performing what was decided: handlers started, commands sent, commits and timers asked for.
extension ConsumerCore {
    /// Starts what can start: handlers for ready entries, sends for ready commands, a commit for what waits.
    func pump() {
        var starts: [(CheckedContinuation<Dispatcher.Job?, Never>, Dispatcher.Job)] = []
        var sends: [(any CommandRoute, [(id: Int64, command: Command)])] = []
        var finished: [Watcher] = []
        var settled: [(Receipt?, Relay.Change)] = []
        let mustCommit = state.withLock { state in
            let now = time(&state)
            while !state.idleWorkers.isEmpty, let job = takeJob(&state) {
                starts.append((state.idleWorkers.removeLast(), job))
            }
            sends = takeSends(&state, now: now, settled: &settled)
            finished = takeWatchers(&state)
            scheduleTimer(&state, now: now)
            guard needsCommit(&state) else { return false }
            return requestCommit(&state)
        }
        for (worker, job) in starts { worker.resume(returning: job) }
        for (route, commands) in sends { route.send(commands) }
        for watcher in finished { watcher.continuation.resume(returning: true) }
        announce(settled)
        if mustCommit { submitCommit() }
    }

    func takeSends(
        _ state: inout State, now: Int64, settled: inout [(Receipt?, Relay.Change)]
    ) -> [(any CommandRoute, [(id: Int64, command: Command)])] {
        guard !state.isClosed else { return [] }
        let (sends, changes) = state.relay.nextSends(now: now)
        for change in changes { keep(change, &state, &settled) }
        var byNode: [String: [(id: Int64, command: Command)]] = [:]
        for send in sends { byNode[send.node, default: []].append((send.id, send.command)) }
        if spans.isOn {
            for send in sends { state.sendSpans[send.id] = spans.sending(send.command, id: send.id, to: send.node) }
        }
        return byNode.compactMap { node, commands in
            let route: (any CommandRoute)? = state.connections[node] ?? state.httpRoutes[node]
            return route.map { ($0, commands) }
        }
    }

    /// Takes note of a change for the next commit.
    func keep(_ change: Relay.Change, _ state: inout State, _ settled: inout [(Receipt?, Relay.Change)]) {
        state.changes.append(change)
        switch change {
        case .sent(let id, _, _):
            if let receipt = state.receipts.removeValue(forKey: id) { settled.append((receipt, change)) }
        case .settled(let id, _):
            settled.append((state.receipts.removeValue(forKey: id), change))
            state.hasUrgentChange = true
        case .postponed, .writing:
            state.hasUrgentChange = true
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

    func needsCommit(_ state: inout State) -> Bool {
        if !state.outcomes.isEmpty || !state.enqueues.isEmpty { return true }
        if state.dispatcher.hasClaims || state.dispatcher.hasReleases { return true }
        if state.hasUrgentChange || state.clockWalk != nil || state.mustLookAgain { return true }
        if state.relay.window.wantsPass() { return true }
        return !state.dispatcher.isStopping && state.dispatcher.window.wantsPass()
    }

    /// - Parameter isAtRisk: whether it is asked for by messages that are in no file.
    /// - Returns: whether the caller must submit it, once the lock is free.
    func requestCommit(_ state: inout State, isAtRisk: Bool = false) -> Bool {
        guard !state.isCommitScheduled else { return false }
        if let trouble = state.trouble {
            // A clock that was set back must not stop commits for longer than the longest pause.
            let left = trouble.retryAt - time(&state)
            if left > 0, left < 10_000_000 { return false }
        }
        if state.isEveryHandlerBusy, state.enqueues.isEmpty, !state.hasUrgentChange {
            let now = time(&state)
            let isDue = state.flushAt.map { $0 <= now } ?? false
            if !isDue, let time = state.pace.hold(now: now, isAtRisk: isAtRisk) {
                state.flushAt = min(state.flushAt ?? time, time)
                scheduleTimer(&state, now: now)
                return false
            }
        }
        state.isCommitScheduled = true
        return true
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

    func scheduleCommit(isAtRisk: Bool = false) {
        if state.withLock({ requestCommit(&$0, isAtRisk: isAtRisk) }) { submitCommit() }
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

    func scheduleTimer(_ state: inout State, now: Int64) {
        guard !state.isClosed else { return }
        if state.flushAt == nil, !state.changes.isEmpty { state.flushAt = now + Self.markDelay }
        var next = now + Self.pollInterval
        if let time = state.dispatcher.nextDeadline { next = min(next, time) }
        if let time = state.relay.nextDeadline { next = min(next, time) }
        // A commit that is on its way takes everything; in trouble nothing is taken before the next try.
        if !state.isCommitScheduled, let time = state.trouble?.retryAt ?? state.flushAt { next = min(next, time) }
        next = max(next, now)
        if let timer = state.timer, timer.fires <= next { return }
        state.timer?.task.cancel()
        let task = loop.scheduleTask(in: .microseconds(max(0, next - now) + 500)) { self.timerFired() }
        state.timer = (next, task)
    }

    func timerFired() {
        var settled: [(Receipt?, Relay.Change)] = []
        confirmAccount(now: Clock.now())
        let mustCommit = state.withLock { state in
            state.timer = nil
            let now = time(&state)
            state.dispatcher.tick(now: now)
            for change in state.relay.tick(now: now) { keep(change, &state, &settled) }
            return requestCommit(&state)
        }
        announceClock()
        announce(settled)
        if mustCommit { submitCommit() }
        pump()
    }
}
