internal import NIOCore
internal import Synchronization

/// What the cluster says.
extension ConsumerCore: ClusterDelegate {
    func received(_ messages: [ReceivedMessage], from connection: NodeConnection) {
        noteArrival(messages, from: connection)
        apply(intake.withLock { $0.arrived(messages) })
        scheduleDrain(isAtRisk: true)
    }

    func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute) {
        var settled: [(Receipt?, Relay.Change)] = []
        state.withLock { state in
            let now = time(&state)
            for outcome in outcomes {
                if spans.isOn, let span = state.sendSpans.removeValue(forKey: outcome.command) {
                    ConsumerSpans.end(span, outcome.result)
                }
                let change: Relay.Change?
                switch outcome.result {
                case .replied(let reply): change = state.relay.replied(outcome.command, reply, now: now)
                case .unanswered(let reason):
                    change = state.relay.unanswered(outcome.command, reason: reason, now: now)
                case .notWritten:
                    // It is closing or being left, and takes no more; its end is announced later.
                    let node = route.identity.id
                    if state.connections[node] === route || state.httpRoutes[node] === route {
                        state.relay.disconnected(node)
                    }
                    change = state.relay.notWritten(outcome.command)
                }
                if let change { keep(change, &state, &settled) }
            }
            for change in state.relay.takeFollowUps() { keep(change, &state, &settled) }
        }
        announce(settled)
        pump()
    }

    func connected(_ connection: NodeConnection) {
        losses.withLock { $0.opened(connection.number, .init(connection.identity), now: Clock.now()) }
        let isReading = intake.withLock { $0.isReading }
        state.withLock { state in
            state.connections[connection.identity.id] = connection
            state.relay.connected(connection.identity.id)
            note(connection.identity, "connected", &state)
        }
        if !isReading { connection.setReading(false) }
        // A pause may have come between the connection's first pop and its place in the list.
        connection.setConsuming(shouldConsume())
        onEvent(.nodeConnected(connection.identity))
        pump()
    }

    func disconnected(_ connection: NodeConnection, reason: String, clean: Bool) {
        losses.withLock { $0.closed(connection.number, reason: reason, clean: clean, now: Clock.now()) }
        state.withLock { state in
            guard state.connections[connection.identity.id] === connection else { return }
            state.connections[connection.identity.id] = nil
            state.relay.disconnected(connection.identity.id)
            // A node that was replaced or removed meanwhile is not shown any more.
            if state.nodes[connection.identity] != nil { note(connection.identity, "disconnected", &state) }
        }
        onEvent(.nodeDisconnected(connection.identity, reason: reason, clean: clean))
        pump()
    }

    func routeOpened(_ route: HTTPRoute) {
        state.withLock { state in
            state.httpRoutes[route.identity.id] = route
            state.relay.connected(route.identity.id, takesOnlyMesh: true)
            note(route.identity, "http", &state)
        }
        onEvent(.nodeByHTTP(route.identity))
        pump()
    }

    func routeClosed(_ route: HTTPRoute) {
        state.withLock { state in
            guard state.httpRoutes[route.identity.id] === route else { return }
            state.httpRoutes[route.identity.id] = nil
            state.relay.disconnected(route.identity.id)
            if state.nodes[route.identity] != nil { note(route.identity, "unreachable", &state) }
        }
        pump()
    }

    func shouldConsume() -> Bool {
        intake.withLock { $0.isOpen } && !state.withLock { $0.dispatcher.isStopping }
    }

    func directoryKnown() {
        losses.withLock { $0.directoryKnown(now: Clock.now()) }
        state.withLock { $0.relay.directoryKnown() }
        pump()
    }

    func nodeGone(_ identity: NodeIdentity) {
        losses.withLock { $0.gone(.init(identity), now: Clock.now()) }
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
                state.relay.nodeListed(identity.id)
                note(identity, "connecting", &state)
            case .nodeReplaced(let old, let new):
                state.relay.nodeReplaced(old.id, by: new.id)
                note(new, "connecting", &state)
            case .nodeUnreachable(let identity, _): note(identity, "unreachable", &state)
            case .nodeConsuming(let identity): note(identity, "consuming", &state)
            case .nodeNotConsuming(let identity, _): note(identity, "connected", &state)
            default: break
            }
        }
        onEvent(event)
        pump()
    }

    func note(_ identity: NodeIdentity, _ what: String, _ state: inout State) {
        guard state.nodes[identity] != what else { return }
        state.nodes[identity] = what
        state.accountIsStale = true
    }

    static func json(_ nodes: [NodeIdentity: String]) -> String {
        var buffer = ByteBuffer()
        buffer.writeStaticString("[")
        for (index, node) in nodes.sorted(by: { $0.key.id < $1.key.id }).enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeStaticString("{\"id\":")
            buffer.writeJSONString(node.key.id)
            buffer.writeStaticString(",\"address\":")
            buffer.writeJSONString(node.key.address.description)
            buffer.writeStaticString(",\"state\":")
            buffer.writeJSONString(node.value)
            buffer.writeStaticString("}")
        }
        buffer.writeStaticString("]")
        return String(buffer: buffer)
    }
}
