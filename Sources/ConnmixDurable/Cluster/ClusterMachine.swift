/// Decides which nodes to connect to, when, and which to leave. Pure: time, answers and chance come in as arguments.
///
/// One connection an address and an id. What centers say is read in `ClusterMachine+Directory.swift`; here is what becomes of
/// connections, and of the HTTP routes in their place.
struct ClusterMachine {
    struct Settings: Sendable {
        /// How many there are to ask.
        var centers = 1
        var refreshInterval: Duration = .seconds(10)
        var backoffBase: Duration = .milliseconds(100)
        var backoffCap: Duration = .seconds(30)
        /// Pauses start over when a connection has stood for so long.
        var standing: Duration = .seconds(10)
        /// Whether mesh commands go by HTTP while no WebSocket is open.
        var httpFallback = false
    }

    enum Action: Equatable {
        /// Ask this one of the centers for its list.
        case ask(center: Int)
        case connect(NodeIdentity)
        /// Leave the node in order: unpop, wait for replies, close.
        case leave(NodeIdentity)
        /// Close the connection at once; the node behind it is another one now.
        case abandon(NodeIdentity)
        /// Ask the node whether it takes commands by HTTP.
        case askHTTP(NodeIdentity)
        case openRoute(NodeIdentity)
        case closeRoute(NodeIdentity)
        case added(NodeIdentity)
        case removed(NodeIdentity)
        /// The id is listed at another address, and is added there next.
        case moved(NodeIdentity)
        case replaced(old: NodeIdentity, new: NodeIdentity)
        /// The first list was read whole: what it does not name is missing.
        case directoryKnown
        /// The center's state changed: `nil` is well.
        case centerChanged(trouble: String?)
    }

    let settings: Settings
    var random: any RandomNumberGenerator & Sendable
    var nodes = NodeTable()
    var evidence = AbsenceEvidence()
    var schedule: DirectorySchedule
    var rotation: CenterRotation
    var isDirectoryKnown = false
    var centerTrouble: String?
    /// Connections that are open, also those to nodes that are not known any more and are being left.
    private var open: Set<NodeIdentity> = []
    private var routes: FallbackRoutes
    private(set) var isStopping = false

    init(
        settings: Settings, now: ContinuousClock.Instant,
        random: any RandomNumberGenerator & Sendable = Chance()
    ) {
        self.settings = settings
        self.random = random
        schedule = DirectorySchedule(settings: settings, now: now)
        rotation = CenterRotation(count: settings.centers)
        routes = FallbackRoutes(isOn: settings.httpFallback)
    }

    var identities: [NodeIdentity] { nodes.all.map(\.identity).sorted { $0.id < $1.id } }

    /// The center that answered last: it says how nodes are spoken to.
    var latestCenter: Int? { rotation.latest }

    /// What worked for the node before; `nil` where that is not known.
    func form(of identity: NodeIdentity) -> RequestForm? { nodes[identity]?.form }

    /// When `tick` has something to do next.
    var nextDeadline: ContinuousClock.Instant? {
        guard !isStopping else { return nil }
        var earliest = schedule.nextQuestion
        for case .waiting(let until, _) in nodes.all.lazy.map(\.phase) {
            earliest = min(earliest ?? until, until)
        }
        return earliest
    }

    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping else { return [] }
        var actions: [Action] = []
        if schedule.takeQuestion(now: now) { actions.append(.ask(center: rotation.begin())) }
        for node in nodes.all {
            guard case .waiting(let until, _) = node.phase, until <= now else { continue }
            nodes.change(node.identity) { $0.phase = .connecting }
            actions.append(.connect(node.identity))
        }
        return actions
    }

    // MARK: Connections

    /// Whether a connection to this node is waited for: not where it was replaced or removed meanwhile, or is connected.
    func expects(_ identity: NodeIdentity) -> Bool {
        !isStopping && !open.contains(identity) && nodes[identity]?.isConnecting == true
    }

    /// A connection opened.
    ///
    /// - Returns: `nil` where nobody waits for it: it is to be closed, and nothing more is said of it.
    mutating func connected(_ identity: NodeIdentity, now: ContinuousClock.Instant) -> [Action]? {
        guard expects(identity) else {
            // An earlier one is still being left: it is tried again.
            if !isStopping, nodes[identity]?.isConnecting == true { pause(identity, failed: true, now: now) }
            return nil
        }
        open.insert(identity)
        nodes.change(identity) { $0.phase = .connected(since: now) }
        return routes.closeAll().map { .closeRoute($0) }
    }

    /// The attempt at a connection came to nothing.
    mutating func attemptFailed(_ identity: NodeIdentity, now: ContinuousClock.Instant) -> [Action] {
        guard !isStopping, let node = nodes[identity] else { return [] }
        if node.isConnecting { pause(identity, failed: true, now: now) }
        return wantsRoute(identity) && routes.ask(identity) ? [.askHTTP(identity)] : []
    }

    /// A connection that was waited for has ended.
    mutating func disconnected(_ identity: NodeIdentity, now: ContinuousClock.Instant) -> [Action] {
        let wasOpen = open.remove(identity) != nil
        assert(wasOpen, "the connection to \(identity.id) ended, and was not open")
        guard !isStopping, let node = nodes[identity] else { return [] }
        switch node.phase {
        case .leaving:
            let actions = forget(identity)
            // It may be listed elsewhere under the same id.
            schedule.lost(now: now, random: &random)
            return actions + [.removed(identity)]
        case .connected(let since):
            // Whatever was answered: an engine that closes after each `queue.pop` would be called ten times a second otherwise.
            if now - since >= settings.standing { nodes.change(identity) { $0.backoff.reset() } }
            pause(identity, failed: false, now: now)
            return []
        case .connecting, .waiting:
            // It was left when the node was replaced; now the same id is back, and tried anew.
            return []
        }
    }

    /// The node answered `queue.pop` in this form.
    mutating func speaks(_ form: RequestForm, _ identity: NodeIdentity) {
        if nodes[identity] != nil { nodes.change(identity) { $0.form = form } }
    }

    /// Begins nothing more, and leaves what is open.
    mutating func stop() -> [Action] {
        isStopping = true
        return routes.closeAll().map { .closeRoute($0) } + open.sorted { $0.id < $1.id }.map { .leave($0) }
    }

    // MARK: HTTP in place of a WebSocket

    /// A node said whether it takes commands by HTTP.
    mutating func answeredHTTP(_ identity: NodeIdentity, takesCommands: Bool) -> [Action] {
        routes.answered(identity, isWanted: takesCommands && wantsRoute(identity)) ? [.openRoute(identity)] : []
    }

    /// HTTP does not work any more.
    mutating func routeFailed(_ identity: NodeIdentity) -> [Action] {
        routes.close(identity) ? [.closeRoute(identity)] : []
    }

    /// Where nobody takes any commands.
    private func wantsRoute(_ identity: NodeIdentity) -> Bool {
        !isStopping && open.isEmpty && nodes[identity] != nil
    }

    // MARK: -

    private mutating func pause(_ identity: NodeIdentity, failed: Bool, now: ContinuousClock.Instant) {
        guard var backoff = nodes[identity]?.backoff else {
            return assertionFailure("\(identity.id) is to be tried again, and is not known")
        }
        let until = now + backoff.next(using: &random)
        nodes.change(identity) {
            $0.backoff = backoff
            $0.phase = .waiting(until: until, failed: failed)
        }
        // The center may know more already: a new id, another address.
        schedule.lost(now: now, random: &random)
    }

    mutating func forget(_ identity: NodeIdentity) -> [Action] {
        nodes.forget(identity)
        evidence.forget(identity)
        return routes.close(identity) ? [.closeRoute(identity)] : []
    }
}
