internal import NIOCore

/// What the cluster and its connections say.
extension ConsumerCore: ClusterDelegate, ConnectionDelegate {
    func received(_ messages: [ReceivedMessage], from connection: NodeConnection) {
        noteArrival(messages, from: connection)
        let change = arrived(messages)
        apply(change)
        let mustCommit = state.withLock { state in
            let now = time(&state)
            // Where intake is held, no delay holds it for longer.
            let step = state.schedule.arrived(isMuch: change != nil, for: state.commitWaiter, now: now)
            return perform(step, &state, now: now)
        }
        if mustCommit { submitCommit() }
    }

    func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute) {
        if spans.isOn { for outcome in outcomes { spans.ended(outcome) } }
        var settled: [(Receipt?, Relay.Change)] = []
        state.withLock { state in
            let now = time(&state)
            for outcome in outcomes {
                let (id, node) = (outcome.command, route.identity.id)
                let change: Relay.Change?
                switch outcome.result {
                case .replied(let reply): change = state.relay.replied(id, reply, node: node, now: now)
                case .overdue(let reason): change = state.relay.overdue(id, reason: reason, node: node, now: now)
                case .lost(let end): change = state.relay.lost(id, end, node: node, now: now)
                case .notWritten:
                    // It is closing or being left, and takes no more; its end is announced later.
                    if state.connections[node] === route || state.httpRoutes[node] === route {
                        state.relay.disconnected(node, now: now)
                    }
                    change = state.relay.notWritten(id, node: node, now: now)
                }
                if let change { keep(change, &state, &settled, now: now) }
            }
            for change in state.relay.takeFollowUps() { keep(change, &state, &settled, now: now) }
        }
        announce(settled)
        pump()
    }

    func connected(_ connection: NodeConnection) {
        losses.withLock { $0.opened(connection.number, .init(connection.identity), now: Clock.now()) }
        state.withLock { state in
            state.connections[connection.identity.id] = connection
            state.relay.connected(connection.identity.id, now: time(&state))
            note(connection.identity, .connected, &state)
        }
        // Whoever changed the mind of intake before may not have found it in the list.
        connection.review()
        onEvent(.nodeConnected(connection.identity))
        notePause(of: [connection.identity])
        pump()
    }

    func disconnected(_ connection: NodeConnection, reason: String, clean: Bool) {
        losses.withLock { $0.closed(connection.number, reason: reason, clean: clean, now: Clock.now()) }
        state.withLock { state in
            guard state.connections[connection.identity.id] === connection else { return }
            state.connections[connection.identity.id] = nil
            state.relay.disconnected(connection.identity.id, now: time(&state))
            // A node that was replaced or removed meanwhile is not shown any more.
            if state.nodes[connection.identity] != nil { note(connection.identity, .disconnected, &state) }
        }
        onEvent(.nodeDisconnected(connection.identity, reason: reason, clean: clean))
        pump()
    }

    func routeOpened(_ route: HTTPRoute) {
        state.withLock { state in
            state.httpRoutes[route.identity.id] = route
            state.relay.connected(route.identity.id, takesOnlyMesh: true, now: time(&state))
            note(route.identity, .http, &state)
        }
        onEvent(.nodeByHTTP(route.identity))
        pump()
    }

    func routeClosed(_ route: HTTPRoute) {
        state.withLock { state in
            guard state.httpRoutes[route.identity.id] === route else { return }
            state.httpRoutes[route.identity.id] = nil
            state.relay.disconnected(route.identity.id, now: time(&state))
            if state.nodes[route.identity] != nil { note(route.identity, .unreachable, &state) }
        }
        pump()
    }

    func writable(_ isWritable: Bool, _ connection: NodeConnection) {
        state.withLock { state in
            guard state.connections[connection.identity.id] === connection else { return }
            state.relay.writable(isWritable, connection.identity.id)
        }
        if isWritable { pump() }
    }

    func shouldRead() -> Bool {
        intake.withLock { $0.isReading }
    }

    func shouldConsume() -> Bool {
        intake.withLock { $0.isOpen } && !state.withLock { $0.dispatcher.isStopping }
    }

    func directoryKnown() {
        losses.withLock { $0.directoryKnown(now: Clock.now()) }
        state.withLock { $0.relay.directoryKnown() }
        pump()
    }

    func nodeGone(_ identity: NodeIdentity, livesOn: Bool) {
        losses.withLock { $0.gone(.init(identity), livesOn: livesOn, now: Clock.now()) }
        state.withLock { state in
            state.nodes[identity] = nil
            state.accountIsStale = true
            state.relay.nodeMissing(identity.id, now: time(&state))
        }
        pump()
    }

    func happened(_ event: ConsumerEvent) {
        noteLoss(of: event)
        state.withLock { state in
            switch event {
            case .nodeAdded(let identity):
                state.relay.nodeListed(identity.id, now: time(&state))
                note(identity, .connecting, &state)
            case .nodeReplaced(let old, let new):
                state.relay.nodeReplaced(old.id, by: new.id, now: time(&state))
                note(new, .connecting, &state)
            case .nodeUnreachable(let identity, _): note(identity, .unreachable, &state)
            case .nodeConsuming(let identity): note(identity, .consuming, &state)
            case .nodeNotConsuming(let identity, _): note(identity, .connected, &state)
            case .centerTrouble(let reason):
                let since = state.centerTrouble?.since ?? Clock.now()
                state.centerTrouble = reason.map { .init(reason: $0, since: since) }
                state.accountIsStale = true
            case .nodeRemoved, .nodeConnected, .nodeDisconnected, .nodeByHTTP, .unknownFrame,
                .unreadableMessage, .repeated, .notAcknowledged, .handlerFailed, .commandDead, .commandExpired,
                .commandUnknown, .paused, .resumed, .topicPaused, .topicResumed, .topicProbed, .topicRecovered,
                .handlersHeld, .clockJumped, .logGrown, .logShrunk, .pruneFailed, .fileLost:
                break
            }
        }
        onEvent(event)
        pump()
    }

    func note(_ identity: NodeIdentity, _ what: NodeState, _ state: inout State) {
        guard state.nodes[identity] != what else { return }
        state.nodes[identity] = what
        state.accountIsStale = true
    }
}
