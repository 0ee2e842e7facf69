internal import NIOCore

/// How a commit begins and ends in memory. Called by `CommitOperation` on the writer's thread; nothing here touches the file.
extension ConsumerCore {
    /// Everything that waits for a commit.
    func takeWork() -> CommitWork {
        var work = state.withLock { state in
            state.schedule.began()
            for enqueue in state.enqueues { state.takenEnqueues[enqueue.number] = enqueue }
            defer {
                state.outcomes = []
                state.enqueues = []
                state.changes = []
            }
            return CommitWork(
                outcomes: state.outcomes, enqueues: state.enqueues, changes: state.changes,
                claims: state.dispatcher.takeClaims(), releases: state.dispatcher.takeReleases(), takenAt: Clock.steady())
        }
        work.arrivals = intake.withLock { $0.take() }
        return work
    }

    // MARK: It is in the file

    func committed(_ work: CommitWork, _ effects: CommitEffects) {
        noteCommit(effects)
        let (receipts, isOverTrouble, wasStill, isClosed) = state.withLock { state in
            let now = time(&state)
            let wasStill = state.schedule.standstill != nil
            for enqueue in work.enqueues { state.takenEnqueues[enqueue.number] = nil }
            confirm(work, effects, &state, now: now)
            var accepted = effects.accepted[...]
            let receipts = work.enqueues.map { enqueue in
                assert(accepted.count >= enqueue.commands.count, "a command from outside without a receipt")
                let some = accepted.prefix(enqueue.commands.count)
                accepted = accepted.dropFirst(some.count)
                return some.map { receipt(for: $0, of: work, &state) }
            }
            return (receipts, state.schedule.committed(now: now), wasStill, state.isClosed)
        }
        apply(journaled(work.arrivals))
        if isOverTrouble { apply(intake.withLock { $0.release(.trouble) }) }
        if wasStill { apply(intake.withLock { $0.release(.standstill) }) }
        announcePause()
        for (enqueue, receipts) in zip(work.enqueues, receipts) {
            enqueue.finish(.success(receipts))
            if isClosed { for receipt in receipts { receipt.abandon(Self.unanswered(receipt.id)) } }
        }
        announce(effects.superseded + effects.expired)
        metrics.committed(work, effects, inMicroseconds: Clock.steady() - work.takenAt)
        for outcome in effects.outcomes { report(outcome) }
        for (key, entry) in effects.repeats { onEvent(.repeated(key: key, entry: entry)) }
        if let (entry, messages, reason) = effects.unacknowledged {
            onEvent(.notAcknowledged(entry: entry, messages: messages, reason: reason))
        }
        for (id, node, reason) in effects.unreadable { onEvent(.unreadableMessage(id: id, node: node, reason: reason)) }
        pump()
    }

    /// Rows that were held back may go on, and lanes that waited for an outcome are open.
    private func confirm(_ work: CommitWork, _ effects: CommitEffects, _ state: inout State, now: Int64) {
        for id in effects.entries { state.dispatcher.window.confirm(id) }
        for id in effects.commands { state.relay.confirm(id) }
        for outcome in effects.outcomes {
            switch outcome.result {
            case .done, .dead, .released: state.dispatcher.settled(outcome.id)
            case .parked(_, let lane): state.dispatcher.park(outcome.id, lane: lane)
            case .retry(let attempt, let pause):
                state.dispatcher.retry(outcome.id, at: now + pause.microseconds, counts: attempt.counts, now: now)
            }
        }
        for change in work.changes {
            switch change {
            case .sent(let id, _, _), .settled(let id, _): state.relay.marked(id)
            case .writing(let id): state.relay.noted(id, isWaiting: !effects.endedByOthers.contains(id))
            case .postponed: break
            }
        }
        if !effects.superseded.isEmpty || !effects.expired.isEmpty { state.relay.endedInFile() }
        for arrival in work.arrivals { state.relay.clientSeen(arrival.client.text) }
        state.dispatcher.claimed(work.claims, lost: effects.lostClaims)
        if state.dispatcher.isStopping {
            release(state.dispatcher.startable(effects.entries + work.claims), &state)
        }
        followed(effects.clockWalk, &state)
    }

    /// The receipt of a command from outside. A key that was there before gets the receipt that is there already, if one is.
    private func receipt(
        for accepted: CommitEffects.Accepted, of work: CommitWork, _ state: inout State
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
        if !state.isClosed { state.receipts.insert(receipt) }
        return receipt
    }

    /// Tells whoever waits of commands that ended in the file.
    private func announce(_ ended: [CommitEffects.Ended]) {
        guard !ended.isEmpty else { return }
        let receipts = state.withLock { state in ended.map { state.receipts.removeValue(forKey: $0.id) } }
        for (receipt, (id, settlement)) in zip(receipts, ended) {
            receipt?.settle(Receipt.Answer(settlement))
            report(id, settlement)
        }
    }

    // MARK: It is not

    /// The transaction that took these rows left nothing in the file.
    func withdraw(_ effects: CommitEffects) {
        if !effects.losses.isEmpty { losses.withLock { $0.putBack() } }
        state.withLock { state in
            for id in effects.entries.reversed() { state.dispatcher.withdraw(id) }
            for id in effects.commands.reversed() { state.relay.window.withdraw(id) }
            state.dispatcher.wakeAll()
            state.dispatcher.window.lookAgain(above: 0)
            state.relay.lookAgain()
        }
    }

    /// Nothing of the work is in the file. It stays in memory; what the disk may allow later is tried again.
    func failed(_ work: CommitWork, _ error: any Error) {
        let known = error as? ConnmixError ?? ConnmixError(.internal, "a commit failed: \(error)")
        let isFatal = !known.isTransient
        let wasStill = state.withLock { state in
            defer { if isFatal { state.failure = state.failure ?? known } }
            for enqueue in work.enqueues { state.takenEnqueues[enqueue.number] = nil }
            state.outcomes = work.outcomes + state.outcomes
            state.changes = Self.newest(work.changes + state.changes)
            state.accountIsStale = true
            state.dispatcher.putBack(claims: work.claims)
            state.dispatcher.putBack(releases: work.releases)
            var generator = Chance()
            let now = time(&state)
            let wasStill = state.schedule.standstill != nil
            state.schedule.failed(known, now: now, using: &generator)
            return wasStill
        }
        announcePause()
        apply(intake.withLock { $0.putBack(work.arrivals) })
        if wasStill { apply(intake.withLock { $0.release(.standstill) }) }
        metrics.commitFailed()
        for enqueue in work.enqueues { enqueue.finish(.failure(known)) }
        pump()
    }

    /// What the last commit could not write ends the run as any failure for good does: the next one finds it as after a death.
    func ended(by error: any Error) {
        let known = error as? ConnmixError ?? ConnmixError(.internal, "the last commit failed: \(error)")
        state.withLock { $0.failure = $0.failure ?? known }
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

    /// Looks whether a commit does not come back. Nobody would be told by an error: nothing is taken until it does, and it is said.
    ///
    /// Called on a thread of its own, since whatever is written of it may have to wait for the same disk.
    func watchCommits() {
        let isNews = state.withLock { state in
            state.standstill.look(steps: state.schedule.steps, isAwaited: state.schedule.isAwaited, now: Clock.steady())
                && state.schedule.standsStill(state.standstill.error(database, awaiting: usersCode.running))
        }
        guard isNews else { return }
        answerEnqueues()
        apply(intake.withLock { $0.hold(.standstill) })
        announcePause()
        // It may have come back in between, and have let intake go before it was held.
        guard state.withLock({ $0.schedule.standstill == nil }) else { return }
        apply(intake.withLock { $0.release(.standstill) })
    }

    /// Lets those go on who wait for a commit that does not come back. What is not taken yet is refused; of the rest nobody knows.
    func answerEnqueues() {
        let (queued, taken, error) = state.withLock { state -> ([CommitWork.Enqueue], [CommitWork.Enqueue], ConnmixError?) in
            // It may have come back in between, and answers them itself.
            guard let error = state.schedule.standstill else { return ([], [], nil) }
            defer { (state.enqueues, state.takenEnqueues) = ([], [:]) }
            return (state.enqueues, Array(state.takenEnqueues.values), error)
        }
        guard let error else { return }
        for enqueue in queued { enqueue.finish(.failure(error)) }
        for enqueue in taken { enqueue.finish(.failure(unknownCommands(error.message))) }
    }

    /// Tells of a pause that began, has another reason now, or is over.
    private func announcePause() {
        announcing.withLock { _ in
            let event = state.withLock { state -> ConsumerEvent? in
                // Lost files do not come back, and were told of.
                guard state.fileLoss == nil else { return nil }
                let reason = state.trouble?.message ?? state.gauge.reason
                guard reason != state.announcedPause else { return nil }
                state.announcedPause = reason
                state.accountIsStale = true
                return reason.map { .paused(reason: $0) } ?? .resumed
            }
            if let event { onEvent(event) }
            if case .paused = event {
                notePause(of: state.withLock { state in state.nodes.compactMap { $1 == .connected ? $0 : nil } })
            }
        }
    }

    /// Gives entries back that are claimed in the file and will not be handled by this process.
    func release(_ ids: [Int64], _ state: inout State) {
        for id in ids {
            guard let delivery = state.dispatcher.window[id] else {
                assertionFailure("entry \(id) is to be given back and is in no window")
                continue
            }
            state.outcomes.append(HandlerOutcome(id: id, delivery: delivery, startedAt: 0, result: .released))
        }
    }
}
