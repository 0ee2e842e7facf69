/// What goes out now, and over which connections.
extension Relay {
    private enum Routing {
        case over(String)
        /// Behind that one of its lane.
        case hold(Int64)
        /// Every connection that would do is full; that one, where no other would.
        case crowded(String?)
        /// No connection that would do; tried again when one comes, or at that time.
        case wait(until: Int64?)
        /// None of these nodes has been there for a while.
        case standAside(for: Set<String>, since: Int64, until: Int64?)
        case dead(reason: String)
    }

    /// Commands to send now, in order.
    mutating func nextSends(now: Int64, limit: Int = 1_024) -> (sends: [Sending], changes: [Change]) {
        var sends: [Sending] = []
        var changes = takeFollowUps()
        while sends.count < limit, let (id, item) = window.nextReady() {
            guard !isUnderWay(id) else { continue }
            if let change = end(id, item, now: now) {
                changes.append(change)
                continue
            }
            if item.availableAt > now {
                window.hold(id)
                waiting.add(id, at: item.availableAt)
                continue
            }
            // Written once, and an answer may yet come.
            guard item.onlyWrite != .written else { continue }
            let routing = routeInLane(id, item, now: now)
            if item.goesAlone { keepTest(of: id, only: routing) }
            if case .over(let node) = routing, !item.goesAlone || mayGoAlone(id, over: node, now: now) {
                guard item.onlyWrite != .notBegun else {
                    noting.insert(id)
                    changes.append(.writing(id: id))
                    continue
                }
                begin(id, item, over: node, now: now)
                sends.append(Sending(id: id, command: item.command, node: node))
                continue
            }
            // It does not go now, and what came before it may yet come back from the file. But what waits to go alone keeps its place, since
            // others wait for it; and so does what the file knows to be about to be written, until it is told otherwise.
            switch routing {
            case .over: break
            case .hold(let earlier):
                if item.onlyWrite != .noted { window.hold(id) }
                held[earlier, default: []].append(id)
            case .crowded(let node):
                if item.onlyWrite != .noted { window.hold(id) }
                if let node { routes.update(node) { $0.crowd.append(id) } } else { crowd.append(id) }
            case .wait(let until):
                if item.onlyWrite == .noted { changes.append(unnote(id, item, "no node to write it to")) }
                window.hold(id)
                stalled.append(id)
                if stalled.count > 2 * window.count + 1_024 { stalled.removeAll { !window.contains($0) } }
                if let until { waiting.add(id, at: until) }
            case .standAside(let nodes, let since, let until):
                if item.onlyWrite == .noted { changes.append(unnote(id, item, "no node to write it to")) }
                guard !standAside(id, item, for: nodes, since: since, until: until) else { continue }
                window.hold(id)
                stalled.append(id)
                if let until { waiting.add(id, at: until) }
            case .dead(let reason):
                changes.append(bury(id, item, code: nil, reason: reason))
            }
        }
        return (sends, changes)
    }

    private mutating func begin(_ id: Int64, _ item: OutgoingCommand, over node: String, now: Int64) {
        let flight = routes.update(node) { route in
            route.window.took(item.bytes)
            route.inTime += 1
            let isAlone = route.testing == .now(id) && now >= route.openedAt + Self.longWait
            return Flight(node: node, route: route.number, sentAt: now, bytes: item.bytes, isAlone: isAlone)
        }
        guard let flight else { preconditionFailure("a command was routed over no connection") }
        flights.begin(id, flight)
        releaseHeld(by: id)
    }

    /// What ends a command that is ready before it is routed.
    private mutating func end(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Change? {
        if item.onlyWrite == .uncertain {
            // `database adopt` counts no write.
            let why =
                item.writes == 0
                ? "it waited in a copy that was adopted, and may have been sent since the copy was made"
                : "the process ended before an answer was written down"
            return settle(id, item, .unknown, node: nil, error: why)
        }
        if item.hasExpired(now: now) { return expire(id, item) }
        if policy.buriesCommandsOfGoneClients, let finder = gone.finder(of: item.command.client, now: now) {
            return bury(id, item, code: nil, reason: GoneRecipient.client.error("command \(finder) found out"))
        }
        return nil
    }

    /// It was noted as written, and was not.
    mutating func unnote(_ id: Int64, _ item: OutgoingCommand, _ why: String) -> Change {
        var item = item
        item.onlyWrite = .notBegun
        window[id] = item
        return .postponed(id: id, item, code: nil, error: "not written: \(why)")
    }

    // MARK: Alone

    /// A command that was in flight whenever a connection was lost goes with nothing beside it: then it is known whether it was why.
    ///
    /// It goes over a connection that has stood for a second, so that what ends connections at their beginning is not held against
    /// it; where none ever stands so long it goes all the same. After each such command the others have as much time as it took.
    private mutating func mayGoAlone(_ id: Int64, over node: String, now: Int64) -> Bool {
        guard let route = routes[node] else { preconditionFailure("a command was routed over no connection") }
        let earliest = max(routes.isFlapping(node) ? route.openedAt : route.openedAt + Self.longWait, route.aloneAfter)
        guard now >= earliest else {
            waiting.add(id, at: earliest)
            stalled.append(id)
            return false
        }
        switch route.testing {
        case .nothing, .soon(id):
            routes.update(node) { $0.testing = $0.inTime == 0 ? .now(id) : .soon(id) }
            return route.inTime == 0
        case .soon, .now:
            routes.update(node) { $0.suspects.append(id) }
            return false
        }
    }

    /// Where it does not go now, nobody need wait for it.
    private mutating func keepTest(of id: Int64, only routing: Routing) {
        if case .over(let node) = routing { endTest(of: id, exceptOn: node) } else { endTest(of: id) }
    }

    // MARK: Standing aside

    /// The command waits in the file, and with it what comes after it in its lane, which gives up its places elsewhere.
    private mutating func standAside(
        _ id: Int64, _ item: OutgoingCommand, for nodes: Set<String>, since: Int64, until: Int64?
    ) -> Bool {
        let lane = item.keys.first
        guard aside.stand(lane, for: nodes, since: since, until: until, from: id) else { return false }
        aside.left(id, lane: lane)
        laneLeaves(lane, from: id)
        leaveForFile(id)
        return true
    }

    /// The command keeps its place in memory and gives up those in order; what comes after it in its lane waits in the file.
    mutating func standAside(_ id: Int64, _ item: OutgoingCommand) {
        window.standAside(id)
        releaseHeld(by: id)
        guard let lane = item.keys.first else { return }
        aside.stand(lane, behind: id)
        laneLeaves(lane, from: id)
    }

    private mutating func laneLeaves(_ lane: OrderKey?, from id: Int64) {
        guard let lane else { return }
        for other in window.standAside(lane: lane, from: id, except: staying) where other != id {
            aside.left(other, lane: lane)
            leftMemory(other)
        }
    }

    /// The nodes that a command needs one of, where all of them have been away for a while.
    mutating func awayNodes(_ item: OutgoingCommand, now: Int64) -> (nodes: Set<String>, since: Int64, until: Int64?)? {
        guard let owner = item.requiredNode ?? (item.command.kind.isCall ? item.node : nil) else { return nil }
        guard case .standAside(let nodes, let since, let until) = routeToOwner(owner, item, now: now) else { return nil }
        return (nodes, since, until)
    }

    // MARK: Routing

    /// Behind commands of its lane that are in flight it goes over the same connection, or waits.
    private mutating func routeInLane(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Routing {
        var nodes: Set<String> = []
        for earlier in window.predecessors(of: id) {
            guard let node = flights[earlier]?.node else { return .hold(earlier) }
            nodes.insert(node)
        }
        let routing = route(item, now: now)
        guard let node = nodes.first else { return routing }
        guard case .over(let chosen) = routing else { return routing }
        if nodes.count == 1, chosen == node { return routing }
        // A mesh command may go anywhere, so it goes where those before it went.
        if nodes.count == 1, !item.command.kind.isCall, item.requiredNode == nil, routes.takes(node, item.command.kind) {
            return over(node, item, isOnly: true)
        }
        return .hold(window.predecessors(of: id).last ?? id)
    }

    private mutating func route(_ item: OutgoingCommand, now: Int64) -> Routing {
        let kind = item.command.kind
        if kind.isCall, item.node == nil { return routeToAny(item, now: now) }
        if kind.isCall, let owner = item.node { return routeToOwner(owner, item, now: now) }
        if let required = item.requiredNode { return routeToOwner(required, item, now: now) }
        if let sticky = item.sticksTo, sticky.until > now, !routes.isReplaced(sticky.node) {
            return routes.takes(sticky.node, kind) ? over(sticky.node, item, isOnly: true) : .wait(until: sticky.until)
        }
        // A node that gave no answer for so long is left to others, where there are any.
        if let silent = item.sticksTo?.node, let other = routes.leastLoaded(except: [silent], for: item) {
            return over(other, item, isOnly: false)
        }
        if let preferred = item.node, routes.takes(preferred, kind), routes.hasRoom(preferred, for: item) {
            return .over(preferred)
        }
        guard let node = routes.leastLoaded(except: [], for: item) else { return .wait(until: nil) }
        return over(node, item, isOnly: false)
    }

    private func over(_ node: String, _ item: OutgoingCommand, isOnly: Bool) -> Routing {
        if routes.hasRoom(node, for: item) { return .over(node) }
        return .crowded(isOnly ? node : nil)
    }

    /// A call to a client whose node is not known is asked of one node after the other.
    private mutating func routeToAny(_ item: OutgoingCommand, now: Int64) -> Routing {
        if let next = routes.leastLoaded(except: item.asked, for: item) {
            return over(next, item, isOnly: true)
        }
        // Whoever was left to ask is gone.
        if routes.isEveryNode(in: item.asked) { return .dead(reason: GoneRecipient.client.error("no node has it")) }
        let left = routes.listed.subtracting(item.asked)
        guard !left.isEmpty else { return .wait(until: nil) }
        let since = left.map { routes.away($0, now: now) }.max() ?? now
        guard now >= since + Self.longWait else { return .wait(until: since + Self.longWait) }
        return .standAside(for: left, since: since, until: nil)
    }

    private mutating func routeToOwner(_ node: String, _ item: OutgoingCommand, now: Int64) -> Routing {
        let owner = routes.currentID(node)
        if routes.takes(owner, item.command.kind) { return over(owner, item, isOnly: true) }
        var until: Int64?
        if let missing = routes.missing(owner, now: now) {
            guard now < missing + nodeGrace else {
                return .dead(reason: GoneRecipient.node.error("\(owner) left the center's list"))
            }
            until = missing + nodeGrace
        }
        let since = routes.away(owner, now: now)
        guard now >= since + Self.longWait else {
            return .wait(until: min(since + Self.longWait, until ?? .max))
        }
        return .standAside(for: [owner], since: since, until: until)
    }
}
