internal import DequeModule

extension StatusReport.Waiting {
    init(_ group: (nodes: [String], since: Int64, commands: Int)) {
        self.init(node: group.nodes.joined(separator: ","), since: group.since, commands: Int64(group.commands))
    }
}

/// What the relay is told of nodes.
extension Relay {
    /// What waits for which nodes, and since when.
    var waitingForNodes: [(nodes: [String], since: Int64, commands: Int)] { aside.waiting }

    mutating func directoryKnown() {
        routes.isDirectoryKnown = true
        lookAgain(from: aside.wakeAll())
        wakeStalled()
    }

    mutating func nodeListed(_ id: String, now: Int64) {
        if !routes.listed.contains(id) { lookAgainForNewNode() }
        routes.listed(id, now: now)
    }

    /// It may have a client that nobody else has.
    private mutating func lookAgainForNewNode() {
        lookAgain(from: aside.wakeAll())
    }

    /// The id left the center's list: it may come back within the grace period.
    mutating func nodeMissing(_ id: String, now: Int64) {
        routes.unlisted(id, now: now)
        wake(awaiting: id)
    }

    /// Another id listens at its address: it will not come back.
    ///
    /// A connection is often open again before the center tells the new id, and what was popped over it still names the old one. So
    /// calls go on to the successor: it has the clients of its own time and refuses those of the old one's.
    mutating func nodeReplaced(_ id: String, by successor: String, now: Int64) {
        lookAgainForNewNode()
        routes.replaced(id, by: successor, now: now)
        wake(awaiting: id)
    }

    mutating func connected(_ node: String, takesOnlyMesh: Bool = false, now: Int64) {
        disconnected(node, now: now)  // an HTTP route, perhaps, of which nothing was in flight in its window
        routes.connected(node, takesOnlyMesh: takesOnlyMesh, now: now)
        wake(awaiting: node)
        wakeCrowd()
    }

    mutating func disconnected(_ node: String, now: Int64) {
        guard routes[node] != nil else { return }
        for id in routes.disconnected(node, now: now) where !isUnderWay(id) { window.makeReady(id) }
        wakeCrowd()
    }

    /// The connection takes no more for now, or takes more again.
    mutating func writable(_ isWritable: Bool, _ node: String) {
        routes.update(node) { $0.isOpen = isWritable }
        if isWritable { wakeCrowd(of: node) }
    }

    private mutating func wake(awaiting node: String) {
        lookAgain(from: aside.wake(awaiting: { $0.contains(node) }))
        wakeStalled()
    }

    private mutating func wakeStalled() {
        let ids = stalled
        stalled = []
        for id in ids where !isUnderWay(id) { window.makeReady(id) }
    }

    /// The connection has room for all that waits for it, perhaps.
    mutating func wakeCrowd(of node: String) {
        while let id = routes.update(node, { $0.crowd.popFirst() }) ?? nil {
            if !isUnderWay(id) { window.makeReady(id) }
        }
        wakeCrowd()
    }

    private mutating func wakeCrowd() {
        while let id = crowd.popFirst() {
            if !isUnderWay(id) { window.makeReady(id) }
        }
    }

    // MARK: Room

    /// What was in flight takes no room any more.
    mutating func freeRoom(of flight: Flight) {
        let isItsOwn = routes.update(flight.node) { route in
            guard route.number == flight.route else { return false }
            route.window.gave(flight.bytes)
            return true
        }
        guard isItsOwn == true else { return }
        wakeNext(of: flight.node)
    }

    /// It is not in flight any more, or it is overdue.
    mutating func landed(_ flight: Flight, _ id: Int64, now: Int64) {
        let left = routes.update(flight.node) { route -> (testing: Routes.Testing, inTime: Int)? in
            guard route.number == flight.route else { return nil }
            route.inTime -= 1
            return (route.testing, route.inTime)
        }
        guard let (testing, inTime) = left ?? nil else { return }
        switch testing {
        case .nothing: break
        case .soon(let suspect):
            guard inTime == 0 else { break }
            window.makeReady(suspect)
            // One that came back from the file goes before it, and must not wait for its test.
            if !window.isReady(suspect) { endTest(on: flight.node) }
        case .now(let suspect):
            assert(suspect == id, "something landed beside a command that was alone in flight")
            routes.update(flight.node) { $0.aloneAfter = now + max(20_000, now - flight.sentAt) }
            endTest(on: flight.node)
        }
    }

    /// The others have their turn, and the next suspect after them.
    private mutating func endTest(on node: String) {
        routes.update(node) { $0.testing = .nothing }
        wakeCrowd(of: node)
        // All of them: one may have ended, or go elsewhere. The others wait for their turn again, in their order.
        while let next = routes.update(node, { $0.suspects.popFirst() }) ?? nil {
            if !isUnderWay(next) { window.makeReady(next) }
        }
    }

    /// A suspect that waited for its turn is gone: the others need not wait for it.
    mutating func endTest(of id: Int64, exceptOn kept: String? = nil) {
        for node in routes.connected where node != kept && routes[node]?.testing == .soon(id) { endTest(on: node) }
    }

    private mutating func wakeNext(of node: String) {
        guard routes[node]?.window.commands != 0 else { return wakeCrowd(of: node) }
        // Two for one, since the window may have opened. Some have ended meanwhile.
        var woken = 0
        while woken < 2, let id = routes.update(node, { $0.crowd.popFirst() }) ?? nil { woken += wakeCrowded(id) }
        woken = 0
        while woken < 2, let id = crowd.popFirst() { woken += wakeCrowded(id) }
    }

    private mutating func wakeCrowded(_ id: Int64) -> Int {
        guard window.contains(id), !isUnderWay(id) else { return 0 }
        window.makeReady(id)
        return 1
    }
}
