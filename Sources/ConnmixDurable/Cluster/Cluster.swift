internal import NIOCore

/// Keeps one connection to every node that the centers list. Performs what a `ClusterMachine` decides.
///
/// Confined to one event loop; `start`, `leave` and `stop` may be called from anywhere.
final class Cluster: Sendable {
    struct Settings: Sendable {
        var centers: [CenterAddress]
        /// For `https` centers and their nodes.
        var tls: TLSClient?
        var rewriting = AddressRewriting()
        var machine = ClusterMachine.Settings()
        var connection: NodeConnectionMachine.Settings
        /// For connect, TLS and upgrade together, and for each question to the center.
        var connectTimeout: Duration = .seconds(5)
        /// Whether mesh commands go by HTTP while no WebSocket is open.
        var httpFallback = false
        var names = NameLookup.shared
    }

    private struct State {
        var machine: ClusterMachine
        /// Connections and attempts by node, to be able to end them.
        var connections: [NodeIdentity: NodeConnection] = [:]
        /// What worked for a node before, so that a reconnect does not try the wrong dialect again.
        var forms: [NodeIdentity: RequestForm] = [:]
        var abandoned: Set<NodeIdentity> = []
        /// Nodes that take commands by HTTP, while there is no connection; `nil` while one is asked whether it does.
        var routes: [NodeIdentity: HTTPRoute?] = [:]
        var timer: Scheduled<Void>?
        var isStopping = false
        var nextCenter = 0
        /// The center that answered last: it says how nodes are spoken to.
        var center: CenterAddress?
        var lastConnection: Int64 = 0
        var onAllClosed: EventLoopPromise<Void>?
        /// Questions to centers and connects that have not ended. They end on the loop, which must be there as long.
        var underWay = 0
    }

    /// How long questions and connects under way are waited for at the end, and everything where the end is hurried.
    private static let patience = TimeAmount.seconds(1)

    private let settings: Settings
    private let delegate: any ClusterDelegate
    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    init(settings: Settings, loop: any EventLoop, delegate: any ClusterDelegate) {
        self.settings = settings
        self.loop = loop
        self.delegate = delegate
        let machine = ClusterMachine(settings: settings.machine, now: .now)
        state = NIOLoopBoundBox.makeBoxSendingValue(State(machine: machine), eventLoop: loop)
    }

    func start() {
        loop.execute { self.tick() }
    }

    /// Leaves every node in order and returns when the last connection is closed, and what was asked of centers and new nodes has
    /// ended or taken a second.
    ///
    /// - Parameter limit: after it what is still open is closed at once, and two seconds later it is given up. Where the task is
    ///   cancelled, before or meanwhile, a second is all.
    func leave(within limit: Duration) async {
        let closed = loop.makePromise(of: Void.self)
        let time = TimeAmount.microseconds(limit.microseconds)
        let closeAll: @Sendable () -> Void = {
            for connection in self.state.value.connections.values { connection.close(reason: "stopped") }
        }
        let force = loop.scheduleTask(in: time, closeAll)
        let giveUp = loop.scheduleTask(in: time + .seconds(2)) {
            self.state.value.onAllClosed?.succeed()
            self.state.value.onAllClosed = nil
        }
        let losePatience = loop.scheduleTask(in: Self.patience) {
            self.state.value.underWay = 0
            self.finishIfClosed()
        }
        loop.execute {
            self.state.value.isStopping = true
            self.state.value.machine.stop()
            self.state.value.timer?.cancel()
            if let earlier = self.state.value.onAllClosed {
                closed.futureResult.cascade(to: earlier)
            }
            self.state.value.onAllClosed = closed
            self.closeRoutes()
            for connection in self.state.value.connections.values { connection.leave() }
            self.finishIfClosed()
        }
        await withTaskCancellationHandler {
            _ = try? await closed.futureResult.get()  // never fails
        } onCancel: {
            loop.scheduleTask(in: min(time, Self.patience), closeAll)
        }
        for timer in [force, giveUp, losePatience] { timer.cancel() }
    }

    // MARK: On the loop

    private func tick() {
        perform(state.value.machine.tick(now: .now))
    }

    private func perform(_ actions: [ClusterMachine.Action]) {
        for action in actions {
            switch action {
            case .fetchDirectory:
                fetchDirectory()
            case .connect(let identity):
                connect(identity)
            case .drain(let identity):
                state.value.connections[identity]?.leave()
            case .abandon(let identity):
                if let connection = state.value.connections[identity] {
                    connection.close(reason: "the node was replaced")
                } else {
                    state.value.abandoned.insert(identity)
                }
            case .added(let identity):
                delegate.happened(.nodeAdded(identity))
            case .removed(let identity):
                forget(identity)
                delegate.happened(.nodeRemoved(identity))
            case .replaced(let old, let new):
                forget(old)
                delegate.happened(.nodeReplaced(old: old, new: new))
            case .directoryKnown:
                delegate.directoryKnown()
            case .centerChanged(let trouble):
                delegate.happened(.centerTrouble(trouble))
            }
        }
        schedule()
    }

    private func forget(_ identity: NodeIdentity) {
        state.value.forms[identity] = nil
        if let route = state.value.routes[identity] ?? nil { close(route) }
        delegate.nodeGone(identity)
    }

    private func schedule() {
        state.value.timer?.cancel()
        state.value.timer = nil
        guard let next = state.value.machine.nextDeadline else { return }
        let delay = max(.zero, next - .now)
        state.value.timer = loop.scheduleTask(in: .microseconds(delay.microseconds + 500)) { self.tick() }
    }

    /// Asks the centers in turn, starting with the one that answered last, until one names nodes.
    private func fetchDirectory(asked: Int = 0) {
        let index = state.value.nextCenter % settings.centers.count
        let center = settings.centers[index]
        let client = CenterClient(
            loop: loop, tls: settings.tls, timeout: settings.connectTimeout, names: settings.names)
        state.value.underWay += 1
        client.exchange("/version", center).flatMapThrowing { body in
            let versions = try DirectoryDecoder.versions(body)
            guard versions.contains("v1") else {
                let offered = Quoted.text(versions.joined(separator: ", "), limit: 100)
                throw ConnmixError(.unreachable, "the center at \(center) offers api \(offered) and not v1")
            }
        }.flatMap {
            client.exchange("/v1/nodes", center)
        }.flatMapThrowing { [settings] body in
            settings.rewriting.apply(to: try DirectoryDecoder.nodes(body))
        }.whenComplete { [loop] result in
            loop.assertInEventLoop()
            defer { self.finishIfClosed() }
            self.state.value.underWay -= 1
            if case .success(let directory) = result, !directory.nodes.isEmpty {
                self.state.value.center = center
            } else {
                self.state.value.nextCenter += 1
                self.state.value.machine.doubt(index)
                if asked + 1 < self.settings.centers.count, !self.state.value.isStopping {
                    return self.fetchDirectory(asked: asked + 1)
                }
            }
            switch result {
            case .success(let directory):
                self.perform(
                    self.state.value.machine.directoryArrived(
                        directory.nodes, skipped: directory.skipped, from: index, now: .now))
            case .failure(let error):
                self.perform(self.state.value.machine.directoryFailed(error.brief, now: .now))
            }
        }
    }

    private func connect(_ identity: NodeIdentity) {
        guard !state.value.isStopping else { return }
        state.value.abandoned.remove(identity)
        let center = state.value.center
        let connector = NodeConnector(
            loop: loop, tls: center?.isSecure == true ? settings.tls : nil, credentials: center?.credentials,
            timeout: settings.connectTimeout, names: settings.names)
        let form = state.value.forms[identity]
        state.value.underWay += 1
        state.value.lastConnection += 1
        let number = state.value.lastConnection
        connector.connect(to: identity) { [self] in
            NodeChannelHandler(
                identity: identity, number: number, settings: settings.connection, form: form,
                consumes: !isUnwanted(identity) && delegate.shouldConsume(),
                delegate: ConnectionWatcher(cluster: self, delegate: delegate),
                onForm: { self.state.value.forms[identity] = $0 })
        }.whenComplete { result in
            self.state.value.underWay -= 1
            guard case .failure(let error) = result else { return self.finishIfClosed() }
            self.state.value.abandoned.remove(identity)
            self.delegate.happened(.nodeUnreachable(identity, reason: error.brief))
            self.ended(identity)
            self.offerHTTP(identity)
        }
    }

    // MARK: HTTP in place of a WebSocket

    /// Asks a node whose WebSocket failed whether it takes commands by HTTP, where nobody takes any.
    private func offerHTTP(_ identity: NodeIdentity) {
        guard settings.httpFallback, wantsRoute(identity), state.value.routes[identity] == nil else { return }
        let center = state.value.center
        let isSecure = center?.isSecure == true
        let peer = Peer(node: identity.address, isSecure: isSecure, hasCredentials: center?.credentials != nil)
        func call(within limit: Duration) -> HTTPCall {
            HTTPCall(
                loop: loop, peer: peer, tls: isSecure ? settings.tls : nil, credentials: center?.credentials, timeout: limit,
                names: settings.names)
        }
        state.value.routes[identity] = .some(nil)
        let work = call(within: settings.connection.replyTimeout)
        HTTPRoute.probe(call(within: settings.connectTimeout)).whenComplete { result in
            self.state.value.routes[identity] = nil
            guard case .success(true) = result, self.wantsRoute(identity) else { return }
            let route = HTTPRoute(identity: identity, call: work, delegate: self.delegate) { self.close($0) }
            self.state.value.routes[identity] = route
            self.delegate.routeOpened(route)
        }
    }

    private func wantsRoute(_ identity: NodeIdentity) -> Bool {
        !state.value.isStopping && state.value.connections.isEmpty && state.value.machine.identities.contains(identity)
    }

    private func closeRoutes() {
        for case let route? in state.value.routes.values { close(route) }
    }

    private func close(_ route: HTTPRoute) {
        guard let known = state.value.routes[route.identity] ?? nil, known === route else { return }
        state.value.routes[route.identity] = nil
        delegate.routeClosed(route)
        route.close()
    }

    // MARK: Connections

    /// Whether nobody waits for a connection to this node any more: it was replaced, removed, or is connected already.
    fileprivate func isUnwanted(_ identity: NodeIdentity) -> Bool {
        state.value.isStopping || state.value.abandoned.contains(identity) || state.value.connections[identity] != nil
    }

    /// - Returns: whether the connection is wanted; it is closed otherwise, and has popped nothing.
    fileprivate func opened(_ connection: NodeConnection) -> Bool {
        let identity = connection.identity
        guard !isUnwanted(identity) else {
            state.value.abandoned.remove(identity)
            loop.execute { connection.close(reason: "nobody waits for it any more") }
            return false
        }
        state.value.connections[identity] = connection
        closeRoutes()
        let actions = state.value.machine.connected(identity, now: .now)
        loop.execute { self.perform(actions) }
        return true
    }

    fileprivate func closed(_ connection: NodeConnection) {
        guard state.value.connections[connection.identity] === connection else { return }
        state.value.connections[connection.identity] = nil
        ended(connection.identity)
    }

    private func ended(_ identity: NodeIdentity) {
        perform(state.value.machine.disconnected(identity, now: .now))
        finishIfClosed()
    }

    private func finishIfClosed() {
        guard state.value.isStopping, state.value.connections.isEmpty, state.value.underWay <= 0 else { return }
        state.value.onAllClosed?.succeed()
        state.value.onAllClosed = nil
    }
}

/// Lets the cluster see its connections come and go, and passes everything on.
private final class ConnectionWatcher: ClusterDelegate {
    private let cluster: Cluster
    private let delegate: any ClusterDelegate

    init(cluster: Cluster, delegate: any ClusterDelegate) {
        self.cluster = cluster
        self.delegate = delegate
    }

    func received(_ messages: [ReceivedMessage], from connection: NodeConnection) {
        delegate.received(messages, from: connection)
    }

    func connected(_ connection: NodeConnection) {
        if cluster.opened(connection) { delegate.connected(connection) }
    }

    func disconnected(_ connection: NodeConnection, reason: String, clean: Bool) {
        delegate.disconnected(connection, reason: reason, clean: clean)
        cluster.closed(connection)
    }

    func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute) {
        delegate.settled(outcomes, by: route)
    }

    func writable(_ isWritable: Bool, _ connection: NodeConnection) { delegate.writable(isWritable, connection) }
    func routeOpened(_ route: HTTPRoute) { delegate.routeOpened(route) }
    func routeClosed(_ route: HTTPRoute) { delegate.routeClosed(route) }

    func shouldRead() -> Bool { delegate.shouldRead() }
    func shouldConsume() -> Bool { delegate.shouldConsume() }
    func directoryKnown() { delegate.directoryKnown() }
    func nodeGone(_ identity: NodeIdentity) { delegate.nodeGone(identity) }
    func happened(_ event: ConsumerEvent) { delegate.happened(event) }
}
