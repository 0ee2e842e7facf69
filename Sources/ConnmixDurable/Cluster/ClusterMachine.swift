/// Decides which nodes to connect to, when, and which to leave. Pure: time, answers and chance come in as arguments.
///
/// One connection an address. What the center says is believed slowly: a node is left only when two lists in a row lack it,
/// and an empty, broken or missing list changes nothing. A new id at a known address is a new node.
struct ClusterMachine {
    struct Settings: Sendable {
        var refreshInterval: Duration = .seconds(10)
        var backoffBase: Duration = .milliseconds(100)
        var backoffCap: Duration = .seconds(30)
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
        var absences = 0
        var backoff: Backoff
    }

    private enum Phase {
        case waiting(until: ContinuousClock.Instant)
        case connecting
        case connected
        /// Told to go; forgotten when its connection closes.
        case leaving
    }

    private let settings: Settings
    private var random: any RandomNumberGenerator & Sendable
    private var nodes: [NodeAddress: Node] = [:]
    private var isFetching = false
    private var isStopping = false
    private var isDirectoryKnown = false
    private var refreshAt: ContinuousClock.Instant
    private var centerBackoff: Backoff
    private var centerTrouble: String?

    init(
        settings: Settings, now: ContinuousClock.Instant,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.settings = settings
        self.random = random
        refreshAt = now
        centerBackoff = Backoff(base: settings.backoffBase, cap: settings.backoffCap)
    }

    var identities: [NodeIdentity] { nodes.values.map(\.identity).sorted { $0.id < $1.id } }

    /// When `tick` has something to do next.
    var nextDeadline: ContinuousClock.Instant? {
        guard !isStopping else { return nil }
        var earliest = isFetching ? nil : Optional(refreshAt)
        for case .waiting(let until) in nodes.values.map(\.phase) {
            earliest = min(earliest ?? until, until)
        }
        return earliest
    }

    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping else { return [] }
        var actions: [Action] = []
        if !isFetching, refreshAt <= now {
            isFetching = true
            actions.append(.fetchDirectory)
        }
        for (address, node) in nodes {
            guard case .waiting(let until) = node.phase, until <= now else { continue }
            nodes[address]?.phase = .connecting
            actions.append(.connect(node.identity))
        }
        return actions
    }

    /// - Parameter trouble: what is wrong with a list that can be used all the same.
    mutating func directoryArrived(
        _ list: [NodeIdentity], trouble: String? = nil, now: ContinuousClock.Instant
    ) -> [Action] {
        guard !isStopping else { return [] }
        var actions: [Action] = []
        isFetching = false
        centerBackoff.reset()
        let jitter = Double.random(in: 0.9...1.1, using: &random)
        refreshAt = now + settings.refreshInterval * jitter
        if list.isEmpty {
            if nodes.isEmpty { refreshAt = min(refreshAt, now + .seconds(1)) }
            return actions + centerIs(trouble: "the center lists no nodes")
        }
        actions += centerIs(trouble: trouble)
        for identity in oneAnAddress(list) { actions += heard(of: identity, now: now) }
        let listed = Set(list.map(\.address))
        for (address, node) in nodes where !listed.contains(address) {
            nodes[address]?.absences += 1
            guard node.absences + 1 >= 2 else { continue }
            actions += leave(address, node)
        }
        if !isDirectoryKnown {
            isDirectoryKnown = true
            actions.append(.directoryKnown)
        }
        return actions
    }

    mutating func directoryFailed(_ reason: String, now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping else { return [] }
        isFetching = false
        refreshAt = now + min(centerBackoff.next(using: &random), settings.refreshInterval * 3)
        return centerIs(trouble: reason)
    }

    /// The node answers and its queue is being popped: a later failure starts with a short pause again.
    mutating func consuming(_ identity: NodeIdentity) {
        nodes[identity.address]?.backoff.reset()
    }

    mutating func connected(_ identity: NodeIdentity) -> [Action] {
        guard let node = nodes[identity.address], node.identity == identity, !isStopping else {
            return [.abandon(identity)]
        }
        switch node.phase {
        case .connecting:
            nodes[identity.address]?.phase = .connected
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
            nodes[identity.address] = nil
            return [.removed(identity)]
        case .connecting, .connected:
            let pause = nodes[identity.address]?.backoff.next(using: &random) ?? settings.backoffBase
            nodes[identity.address]?.phase = .waiting(until: now + pause)
            // The center may know more already: a new id, another address.
            refreshAt = min(refreshAt, now + settings.backoffBase)
            return []
        case .waiting:
            return []
        }
    }

    mutating func stop() {
        isStopping = true
    }

    // MARK: -

    /// Where several ids are listed for an address, a node has restarted and its old self is not forgotten yet: the id that was
    /// never seen before is the living one, else the one that is known. The order says nothing and may change.
    private func oneAnAddress(_ list: [NodeIdentity]) -> [NodeIdentity] {
        var candidates: [NodeAddress: [NodeIdentity]] = [:]
        var order: [NodeAddress] = []
        for identity in list {
            if candidates[identity.address] == nil { order.append(identity.address) }
            candidates[identity.address, default: []].append(identity)
        }
        return order.compactMap { address in
            let listed = candidates[address] ?? []
            guard let known = nodes[address], listed.count > 1 else { return listed.first }
            return listed.first { $0 != known.identity && !known.formerIDs.contains($0.id) }
                ?? listed.first { $0 == known.identity } ?? listed.first
        }
    }

    private mutating func heard(of identity: NodeIdentity, now: ContinuousClock.Instant) -> [Action] {
        guard let known = nodes[identity.address] else {
            nodes[identity.address] = newNode(identity)
            return [.added(identity), .connect(identity)]
        }
        nodes[identity.address]?.absences = 0
        guard known.identity != identity else { return [] }
        let old = known.identity
        nodes[identity.address] = newNode(identity)
        // Old ids are needed for as long as a center may list them; a hundred restarts is longer.
        if known.formerIDs.count < 100 { nodes[identity.address]?.formerIDs = known.formerIDs }
        nodes[identity.address]?.formerIDs.insert(old.id)
        nodes[identity.address]?.formerIDs.remove(identity.id)
        return switch known.phase {
        case .waiting: [.replaced(old: old, new: identity), .connect(identity)]
        // Opened while the center still told the old id, it leads to the new node, and has popped from it: what is under way
        // on it must not be thrown away.
        case .connected: [.replaced(old: old, new: identity), .drain(old), .connect(identity)]
        case .connecting, .leaving:
            [.replaced(old: old, new: identity), .abandon(old), .connect(identity)]
        }
    }

    private func newNode(_ identity: NodeIdentity) -> Node {
        Node(
            identity: identity, phase: .connecting,
            backoff: Backoff(base: settings.backoffBase, cap: settings.backoffCap))
    }

    private mutating func leave(_ address: NodeAddress, _ node: Node) -> [Action] {
        switch node.phase {
        case .waiting:
            nodes[address] = nil
            return [.removed(node.identity)]
        case .connecting:
            nodes[address] = nil
            return [.abandon(node.identity), .removed(node.identity)]
        case .connected:
            nodes[address]?.phase = .leaving
            return [.drain(node.identity)]
        case .leaving:
            return []
        }
    }

    private mutating func centerIs(trouble: String?) -> [Action] {
        guard trouble != centerTrouble else { return [] }
        centerTrouble = trouble
        return [.centerChanged(trouble: trouble)]
    }
}
