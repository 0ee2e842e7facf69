/// Decides which nodes to connect to, when, and which to leave. Pure: time, answers and chance come in as arguments.
///
/// One connection an address and an id. What the center says is believed slowly (`AbsenceEvidence`): an empty, broken or missing list
/// changes nothing, a node that is not listed is left only when that has been said for a refresh interval, and one whose connection
/// works only when the list has not changed meanwhile. A new id at a known address is a new node.
struct ClusterMachine {
    struct Settings: Sendable {
        var refreshInterval: Duration = .seconds(10)
        var backoffBase: Duration = .milliseconds(100)
        var backoffCap: Duration = .seconds(30)
        /// Pauses start over when a connection has stood for so long.
        var standing: Duration = .seconds(10)
    }

    enum Action: Equatable {
        case fetchDirectory
        case connect(NodeIdentity)
        /// Leave the node in order: unpop, wait for replies, close.
        case drain(NodeIdentity)
        /// Close the connection at once; the node behind it is another one now.
        case abandon(NodeIdentity)
        case added(NodeIdentity)
        case removed(NodeIdentity)
        case replaced(old: NodeIdentity, new: NodeIdentity)
        /// The first list was read whole: what it does not name is missing.
        case directoryKnown
        /// The center's state changed: `nil` is well.
        case centerChanged(trouble: String?)
    }

    private struct Node {
        var identity: NodeIdentity
        /// Ids that this address had before: a center may go on listing them for a while.
        var formerIDs: Set<String> = []
        var phase: Phase
        var backoff: Backoff

        var isConnected: Bool { if case .connected = phase { true } else { false } }
    }

    private enum Phase {
        /// - Parameter failed: the last attempt came to nothing.
        case waiting(until: ContinuousClock.Instant, failed: Bool)
        case connecting
        case connected(since: ContinuousClock.Instant)
        /// Told to go; forgotten when its connection closes.
        case leaving
    }

    private let settings: Settings
    private var random: any RandomNumberGenerator & Sendable
    private var nodes: [NodeAddress: Node] = [:]
    /// Where each known id is.
    private var places: [String: NodeAddress] = [:]
    private var evidence = AbsenceEvidence()
    private var isStopping = false
    private var isDirectoryKnown = false
    private var schedule: DirectorySchedule
    private var centerTrouble: String?

    init(
        settings: Settings, now: ContinuousClock.Instant,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.settings = settings
        self.random = random
        schedule = DirectorySchedule(settings: settings, now: now)
    }

    var identities: [NodeIdentity] { nodes.values.map(\.identity).sorted { $0.id < $1.id } }

    /// When `tick` has something to do next.
    var nextDeadline: ContinuousClock.Instant? {
        guard !isStopping else { return nil }
        var earliest = schedule.nextQuestion
        for case .waiting(let until, _) in nodes.values.map(\.phase) {
            earliest = min(earliest ?? until, until)
        }
        return earliest
    }

    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping else { return [] }
        var actions: [Action] = []
        if schedule.takeQuestion(now: now) { actions.append(.fetchDirectory) }
        for (address, node) in nodes {
            guard case .waiting(let until, _) = node.phase, until <= now else { continue }
            nodes[address]?.phase = .connecting
            actions.append(.connect(node.identity))
        }
        return actions
    }

    // MARK: The center

    /// - Parameters:
    ///   - skipped: what the center lists beside these, and cannot be used.
    ///   - center: which of the centers says so.
    mutating func directoryArrived(
        _ list: [NodeIdentity], skipped: [Directory.Skipped] = [], from center: Int = 0, now: ContinuousClock.Instant
    ) -> [Action] {
        guard !isStopping else { return [] }
        guard !list.isEmpty else {
            evidence.doubt(center)
            schedule.answered(isAlone: nodes.isEmpty, isPending: evidence.isPending, now: now, random: &random)
            return centerIs(trouble: Directory.trouble(skipped) ?? "the center lists no nodes")
        }
        let listed = Set(list)
        witness(listed, skipped, center, now: now)
        var actions: [Action] = []
        var skipped = skipped
        let chosen = oneAnAddress(list, center, now: now)
        for identity in chosen {
            let elsewhere = place(of: identity)
            if let elsewhere {
                guard mayMove(elsewhere, listed) else { continue }
                forget(elsewhere.identity.address)
                actions.append(.removed(elsewhere.identity))
            }
            actions += heard(of: identity, after: elsewhere, now: now)
        }
        for identity in list {
            guard let kept = places[identity.id], kept != identity.address else { continue }
            skipped.append(.double(identity, kept: kept))
        }
        for (address, node) in nodes where isGone(node, center, now: now) { actions += leave(address, node) }
        schedule.answered(isAlone: false, isPending: evidence.isPending, now: now, random: &random)
        if !isDirectoryKnown {
            isDirectoryKnown = true
            actions.append(.directoryKnown)
        }
        return centerIs(trouble: Directory.trouble(skipped)) + actions
    }

    /// One of several centers failed or listed nothing, and another one is asked.
    mutating func doubt(_ center: Int) {
        evidence.doubt(center)
    }

    /// No center has an answer.
    mutating func directoryFailed(_ reason: String, now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping else { return [] }
        evidence.doubtAll()
        schedule.failed(now: now, random: &random)
        return centerIs(trouble: reason)
    }

    // MARK: Connections

    mutating func connected(_ identity: NodeIdentity, now: ContinuousClock.Instant) -> [Action] {
        guard let node = nodes[identity.address], node.identity == identity, !isStopping else {
            return [.abandon(identity)]
        }
        switch node.phase {
        case .connecting:
            nodes[identity.address]?.phase = .connected(since: now)
            return []
        case .waiting, .connected, .leaving:
            return [.abandon(identity)]
        }
    }

    /// A connection, or the attempt at one, ended.
    mutating func disconnected(_ identity: NodeIdentity, now: ContinuousClock.Instant) -> [Action] {
        guard let node = nodes[identity.address], !isStopping else { return [] }
        guard node.identity == identity else { return [] }
        switch node.phase {
        case .leaving:
            forget(identity.address)
            // It may be listed elsewhere under the same id.
            schedule.lost(now: now, random: &random)
            return [.removed(identity)]
        case .connecting:
            pause(node, failed: true, now: now)
        case .connected(let since):
            // Whatever was answered: an engine that closes after each `queue.pop` would be called ten times a second otherwise.
            if now - since >= settings.standing { nodes[identity.address]?.backoff.reset() }
            pause(node, failed: false, now: now)
        case .waiting:
            break
        }
        return []
    }

    mutating func stop() {
        isStopping = true
    }

    // MARK: -

    private mutating func pause(_ node: Node, failed: Bool, now: ContinuousClock.Instant) {
        let address = node.identity.address
        let pause = nodes[address]?.backoff.next(using: &random) ?? settings.backoffBase
        nodes[address]?.phase = .waiting(until: now + pause, failed: failed)
        // The center may know more already: a new id, another address.
        schedule.lost(now: now, random: &random)
    }

    private mutating func witness(
        _ listed: Set<NodeIdentity>, _ skipped: [Directory.Skipped], _ center: Int, now: ContinuousClock.Instant
    ) {
        evidence.listed(listed, by: center, now: now)
        // A node whose entry is spoilt is listed all the same.
        let ids = Set(skipped.compactMap(\.id))
        let addresses = Set(skipped.compactMap(\.address))
        for node in nodes.values.map(\.identity) {
            if listed.contains(node) || ids.contains(node.id) || addresses.contains(node.address) {
                evidence.found(node)
            } else {
                evidence.missed(node, by: center, now: now)
            }
        }
    }

    private func isGone(_ node: Node, _ center: Int, now: ContinuousClock.Instant) -> Bool {
        evidence.isGone(
            node.identity, isConnected: node.isConnected, by: center, after: settings.refreshInterval, now: now)
    }

    /// Where several ids are listed for an address, a node has restarted and its old self is not forgotten yet: the id that was
    /// never seen before is the living one, else the one that is known. The order says nothing and may change. An id that the
    /// address had before comes back only where the known one is gone by the same evidence as a node that is left: a center may
    /// tell the old and the new one in turn.
    private func oneAnAddress(_ list: [NodeIdentity], _ center: Int, now: ContinuousClock.Instant) -> [NodeIdentity] {
        var candidates: [NodeAddress: [NodeIdentity]] = [:]
        var order: [NodeAddress] = []
        for identity in list {
            if candidates[identity.address] == nil { order.append(identity.address) }
            candidates[identity.address, default: []].append(identity)
        }
        return order.compactMap { address in
            var listed = candidates[address] ?? []
            // An id that is elsewhere does not hide the one that is here.
            let here = listed.filter { places[$0.id, default: address] == address }
            if !here.isEmpty { listed = here }
            guard let known = nodes[address] else { return listed.first }
            return listed.first { $0 != known.identity && !known.formerIDs.contains($0.id) }
                ?? listed.first { $0 == known.identity }
                ?? (isGone(known, center, now: now) ? listed.first : nil)
        }
    }

    /// The node with this id at another address.
    private func place(of identity: NodeIdentity) -> Node? {
        guard let address = places[identity.id], address != identity.address else { return nil }
        return nodes[address]
    }

    /// Whether a node makes room for its id at another address. An id has one connection, since whoever uses it knows it by its id:
    /// the known address stays while it works, or may work again.
    private func mayMove(_ node: Node, _ listed: Set<NodeIdentity>) -> Bool {
        guard case .waiting(_, let failed) = node.phase else { return false }
        return failed || !listed.contains(node.identity)
    }

    /// - Parameter moved: the same id, at the address that it has just left.
    private mutating func heard(of identity: NodeIdentity, after moved: Node?, now: ContinuousClock.Instant) -> [Action] {
        var node = Node(
            identity: identity, phase: .connecting,
            backoff: moved?.backoff ?? Backoff(base: settings.backoffBase, cap: settings.backoffCap))
        guard let known = nodes[identity.address] else {
            keep(node)
            return [.added(identity), .connect(identity)]
        }
        guard known.identity != identity else { return [] }
        let old = known.identity
        // Old ids are needed for as long as a center may list them; a hundred restarts is longer.
        if known.formerIDs.count < 100 { node.formerIDs = known.formerIDs }
        node.formerIDs.insert(old.id)
        node.formerIDs.remove(identity.id)
        // A node that restarts all the time is called as seldom as one that closes all the time.
        node.backoff = known.backoff
        if case .connected(let since) = known.phase, now - since >= settings.standing { node.backoff.reset() }
        forget(identity.address)
        keep(node)
        return switch known.phase {
        case .waiting: [.replaced(old: old, new: identity), .connect(identity)]
        // Opened while the center still told the old id, it leads to the new node, and has popped from it: what is under way
        // on it must not be thrown away.
        case .connected: [.replaced(old: old, new: identity), .drain(old), .connect(identity)]
        case .connecting, .leaving: [.replaced(old: old, new: identity), .abandon(old), .connect(identity)]
        }
    }

    private mutating func leave(_ address: NodeAddress, _ node: Node) -> [Action] {
        evidence.forget(node.identity)
        switch node.phase {
        case .waiting:
            forget(address)
            return [.removed(node.identity)]
        case .connecting:
            forget(address)
            return [.abandon(node.identity), .removed(node.identity)]
        case .connected:
            nodes[address]?.phase = .leaving
            return [.drain(node.identity)]
        case .leaving:
            return []
        }
    }

    private mutating func keep(_ node: Node) {
        nodes[node.identity.address] = node
        places[node.identity.id] = node.identity.address
    }

    private mutating func forget(_ address: NodeAddress) {
        guard let identity = nodes.removeValue(forKey: address)?.identity else { return }
        places[identity.id] = nil
        evidence.forget(identity)
    }

    private mutating func centerIs(trouble: String?) -> [Action] {
        guard trouble != centerTrouble else { return [] }
        centerTrouble = trouble
        return [.centerChanged(trouble: trouble)]
    }
}
