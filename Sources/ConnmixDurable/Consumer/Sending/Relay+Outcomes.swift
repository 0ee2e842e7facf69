/// What became of what was sent.
extension Relay {
    /// The engine answered, in time or late.
    mutating func replied(_ id: Int64, _ outcome: Reply.Outcome, node: String, now: Int64) -> Change? {
        let flight = land(id, on: node, now: now)
        guard var item = window[id] else { return nil }
        guard ended.remove(id) == nil else { return dropped(id) }
        if flight?.wasOverdue == false { item.writes += 1 }
        // Sent again meanwhile, in vain: that answer is still to come, and keeps its place on the connection until then.
        if let again = flights.overrun(id, until: now + 3 * replyTimeout) {
            landed(again, id, now: now)
            item.writes += 1
        }
        item.attempts += 1
        item.sticksTo = nil
        if item.onlyWrite != nil { item.onlyWrite = .notBegun }  // what was answered is certain
        switch outcome {
        case .success(let result) where result.success != false:
            return succeed(id, item, result, node: node)
        case .success:
            return fail(id, item, EngineErrorCode(rawValue: 0), "the answer says no", node: node, now: now)
        case .failure(let code, let message):
            return fail(id, item, code, message, node: node, now: now)
        }
    }

    /// Written, and no answer in time: sent again after a pause, the attempts unchanged, unless it may be written only once or its
    /// time has run out. An answer that comes later settles it all the same.
    mutating func overdue(_ id: Int64, reason: String, node: String, now: Int64) -> Change? {
        guard flights[id]?.node == node, let flight = flights.overrun(id, until: now + 3 * replyTimeout) else { return nil }
        routes.update(node) { if $0.number == flight.route { $0.window.overdue(sentAt: flight.sentAt, now: now) } }
        landed(flight, id, now: now)
        guard var item = window[id] else { return nil }
        guard ended.remove(id) == nil else { return dropped(id) }
        item.writes += 1
        if item.onlyWrite != nil { item.onlyWrite = .written }
        window[id] = item
        guard item.onlyWrite == nil else {
            doubts.add(id, at: now + replyTimeout)
            standAside(id, item)
            return nil
        }
        guard !item.hasExpired(now: now) else { return expire(id, item) }
        troubles[id, default: Trouble()].wasOverdue()
        item.availableAt = now + pause(afterOverdue: troubles[id]?.overdue ?? 1)
        stick(&item, to: node, now: now)
        window[id] = item
        standAside(id, item)
        waiting.add(id, at: item.availableAt)
        return .postponed(id: id, item, code: nil, error: "no answer from node \(node): \(reason)")
    }

    /// Written, and the connection ended before an answer: sent again, unless it may be written only once, its time has run out, or
    /// it was alone in flight when connections were lost (promise P6).
    mutating func lost(_ id: Int64, _ end: Disconnection, node: String, now: Int64) -> Change? {
        guard let (flight, wasOverdue) = land(id, on: node, now: now), var item = window[id] else { return nil }
        let what = "no answer from node \(node): \(end.reason)"
        guard !wasOverdue else {
            if end.mayHaveACulprit, !isUnderWay(id) { suspect(id, &item, wasAlone: false) }
            window[id] = item
            // It waits for its next turn already; where it may have none, nobody will tell any more what became of it.
            guard item.onlyWrite == .written else { return nil }
            return settle(id, item, .unknown, node: node, error: what)
        }
        guard ended.remove(id) == nil else { return dropped(id) }
        item.writes += 1
        guard item.onlyWrite == nil else { return settle(id, item, .unknown, node: node, error: what) }
        guard !item.hasExpired(now: now) else { return expire(id, item) }
        if end.mayHaveACulprit {
            let trouble = suspect(id, &item, wasAlone: flight.isAlone)
            if trouble.isCulprit { return bury(id, item, code: nil, reason: trouble.reason(node, end)) }
        }
        stick(&item, to: node, now: now)
        window[id] = item
        window.hold(id)
        window.makeReady(id)
        releaseHeld(by: id)
        return .postponed(id: id, item, code: nil, error: what)
    }

    /// Never written: as if it had not been tried.
    mutating func notWritten(_ id: Int64, node: String, now: Int64) -> Change? {
        guard let flight = flights.cancel(id, node: node) else { return nil }
        landed(flight, id, now: now)
        freeRoom(of: flight)
        guard let item = window[id] else { return nil }
        guard ended.remove(id) == nil else { return dropped(id) }
        window.hold(id)
        window.makeReady(id)
        releaseHeld(by: id)
        return item.onlyWrite == .noted ? unnote(id, item, "node \(node) did not take it") : nil
    }

    /// The mark of a settled command is committed.
    mutating func marked(_ id: Int64) {
        let wasUnmarked = unmarked.remove(id) != nil
        assert(wasUnmarked, "a mark was committed that was not waited for")
    }

    /// The file knows that the command is about to be written; or somebody else has ended it there.
    mutating func noted(_ id: Int64, isWaiting: Bool) {
        let wasNoting = noting.remove(id) != nil
        assert(wasNoting, "the file knows of a write that nobody told it of")
        guard ended.remove(id) == nil, isWaiting else { return leave(id) }
        window[id]?.onlyWrite = .noted
        window.makeReady(id)
    }

    // MARK: -

    /// It is not in flight any more.
    private mutating func land(_ id: Int64, on node: String, now: Int64) -> (flight: Flight, wasOverdue: Bool)? {
        // Nothing, where the flight was forgotten: an answer may come that nobody expects any more.
        guard let (flight, wasOverdue) = flights.end(id, node: node) else { return nil }
        if !wasOverdue {
            assert(window.contains(id), "a command left memory while it was in flight")
            routes.update(node) { if $0.number == flight.route { $0.window.answered(sentAt: flight.sentAt, now: now) } }
            landed(flight, id, now: now)
        }
        freeRoom(of: flight)
        return (flight, wasOverdue)
    }

    private mutating func dropped(_ id: Int64) -> Change? {
        leave(id)
        return nil
    }

    private func stick(_ item: inout OutgoingCommand, to node: String, now: Int64) {
        if item.sticksTo?.node != node { item.sticksTo = (node, now + Self.stickiness) }
    }

    /// Half of it certain: an answer that is a little late comes before the command is sent again.
    private mutating func pause(afterOverdue times: Int) -> Int64 {
        let limit = min(30_000_000, Self.longWait << min(times - 1, 10))
        return limit / 2 + Int64.random(in: 0...limit / 2, using: &random)
    }

    @discardableResult
    private mutating func suspect(_ id: Int64, _ item: inout OutgoingCommand, wasAlone: Bool) -> Trouble {
        var trouble = troubles[id] ?? Trouble()
        trouble.lost(wasAlone: wasAlone)
        troubles[id] = trouble
        item.goesAlone = trouble.mustGoAlone
        return trouble
    }

    /// The client's connection is gone: its other commands need not be tried, or not more than once.
    private mutating func clientGone(_ client: ClientID?, found id: Int64, now: Int64) {
        guard let client, gone.gone(client.text, found: id, now: now), policy.buriesCommandsOfGoneClients else { return }
        for other in window.rows(of: .client(client.text)) where window.isConfirmed(other) && !isUnderWay(other) {
            guard let item = window[other], item.command.client?.text == client.text else { continue }
            followUps.append(bury(other, item, code: nil, reason: GoneRecipient.client.error("command \(id) found out")))
        }
    }

    private mutating func fail(
        _ id: Int64, _ item: OutgoingCommand, _ code: EngineErrorCode, _ message: String, node: String, now: Int64
    ) -> Change {
        var item = item
        let isOwner = item.node.map(routes.currentID) == node
        let isKnownGone = code == .sendFailed && gone.finder(of: item.command.client, now: now) != nil
        let verdict = policy.verdict(
            code, message: message, kind: item.command.kind, attempts: item.attempts, isOwner: isOwner,
            isKnownGone: isKnownGone, using: &random)
        switch verdict {
        case .dead(let reason):
            let isGone = isOwner && item.node != node && code == .callFailed
            let why =
                isGone
                ? GoneRecipient.node.error("\(item.node ?? "") restarted as \(node), which does not have the client") : reason
            let change = bury(id, item, code: code.rawValue, reason: why)
            if code == .sendFailed || code == .callFailed && isOwner { clientGone(item.command.client, found: id, now: now) }
            return change
        case .retry(let pause):
            item.availableAt = now + pause.microseconds
            window[id] = item
            if pause.microseconds > Self.longWait {
                // The change is written before the file is read for it again.
                rest(id, item)
            } else {
                window.hold(id)
                waiting.add(id, at: item.availableAt)
            }
            releaseHeld(by: id)
            let said = message.bounded(toBytes: 500)
            return .postponed(id: id, item, code: code.rawValue, error: "node \(node): error \(code) \(said)")
        case .askNextNode:
            item.asked.insert(node)
            guard routes.isEveryNode(in: item.asked) else {
                window[id] = item
                window.hold(id)
                window.makeReady(id)
                releaseHeld(by: id)
                return .postponed(
                    id: id, item, code: code.rawValue, error: "node \(node) does not have the client (error \(code))")
            }
            let change = bury(
                id, item, code: code.rawValue, reason: GoneRecipient.client.error("no node has it; error \(code)"))
            clientGone(item.command.client, found: id, now: now)
            return change
        }
    }
}
