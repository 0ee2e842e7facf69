internal import NIOCore

/// Keeps one connection to every node that the centers list. Performs what a `ClusterMachine` decides.
///
/// Confined to one event loop; `start` and `leave` may be called from anywhere.
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
        var names = NameLookup.shared
    }

    /// What the machine decides on: handles by node, and what must end before the loop does.
    private struct State {
        var machine: ClusterMachine
        var connections: [NodeIdentity: NodeConnection] = [:]
        var routes: [NodeIdentity: HTTPRoute] = [:]
        var lastConnection: Int64 = 0
        var timer: Scheduled<Void>?
        /// Questions to centers and connects that have not ended. They end on the loop, which must be there as long.
        var underWay = 0
        var onAllClosed: EventLoopPromise<Void>?
    }

    /// How long questions and connects under way are waited for at the end, and everything where the end is hurried.
    private static let patience = TimeAmount.seconds(1)

    private let settings: Settings
    private let delegate: any ClusterDelegate & ConnectionDelegate
    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    init(settings: Settings, loop: any EventLoop, delegate: any ClusterDelegate & ConnectionDelegate) {
        self.settings = settings
        self.loop = loop
        self.delegate = delegate
        var decisions = settings.machine
        decisions.centers = settings.centers.count
        let machine = ClusterMachine(settings: decisions, now: .now)
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
            if let earlier = self.state.value.onAllClosed {
                closed.futureResult.cascade(to: earlier)
            }
            self.state.value.onAllClosed = closed
            self.perform(self.state.value.machine.stop())
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
            case .ask(let center): ask(center)
            case .connect(let identity): connect(identity)
            case .leave(let identity): state.value.connections[identity]?.leave()
            case .abandon(let identity): state.value.connections[identity]?.close(reason: "the node was replaced")
            case .askHTTP(let identity): askHTTP(identity)
            case .openRoute(let identity): openRoute(identity)
            case .closeRoute(let identity): closeRoute(identity)
            case .added(let identity):
                delegate.happened(.nodeAdded(identity))
            case .removed(let identity):
                delegate.nodeGone(identity, livesOn: false)
                delegate.happened(.nodeRemoved(identity))
            case .moved(let identity):
                delegate.nodeGone(identity, livesOn: true)
                delegate.happened(.nodeRemoved(identity))
            case .replaced(let old, let new):
                delegate.nodeGone(old, livesOn: true)
                delegate.happened(.nodeReplaced(old: old, new: new))
            case .directoryKnown:
                delegate.directoryKnown()
            case .centerChanged(let trouble):
                delegate.happened(.centerTrouble(trouble))
            }
        }
        schedule()
    }

    private func schedule() {
        state.value.timer?.cancel()
        state.value.timer = nil
        guard let next = state.value.machine.nextDeadline else { return }
        let delay = max(.zero, next - .now)
        state.value.timer = loop.scheduleTask(in: .microseconds(delay.microseconds + 500)) { self.tick() }
    }

    private func ask(_ index: Int) {
        let client = CenterClient(
            loop: loop, tls: settings.tls, timeout: settings.connectTimeout, names: settings.names)
        state.value.underWay += 1
        client.directory(settings.centers[index]).map { [settings] in settings.rewriting.apply(to: $0) }.whenComplete { result in
            self.state.value.underWay -= 1
            switch result {
            case .success(let directory):
                self.perform(
                    self.state.value.machine.directoryArrived(
                        directory.nodes, skipped: directory.skipped, from: index, now: .now))
            case .failure(let error):
                self.perform(self.state.value.machine.directoryFailed(error.brief, from: index, now: .now))
            }
            self.finishIfClosed()
        }
    }

    /// The center that answered last says how nodes are spoken to.
    private var tellingCenter: CenterAddress? { state.value.machine.latestCenter.map { settings.centers[$0] } }

    private func connect(_ identity: NodeIdentity) {
        let center = tellingCenter
        let connector = NodeConnector(
            loop: loop, tls: center?.isSecure == true ? settings.tls : nil, credentials: center?.credentials,
            timeout: settings.connectTimeout, names: settings.names)
        state.value.underWay += 1
        state.value.lastConnection += 1
        let number = state.value.lastConnection
        connector.connect(to: identity) { [self] in
            let machine = state.value.machine
            return NodeChannelHandler(
                identity: identity, number: number, settings: settings.connection, form: machine.form(of: identity),
                consumes: machine.expects(identity) && delegate.shouldConsume(), except: delegate.restingTopics(),
                delegate: delegate,
                report: { self.heard($1, of: $0) })
        }.whenComplete { result in
            self.state.value.underWay -= 1
            if case .failure(let error) = result {
                self.delegate.happened(.nodeUnreachable(identity, reason: error.brief))
                self.perform(self.state.value.machine.attemptFailed(identity, now: .now))
            }
            self.finishIfClosed()
        }
    }

    private func finishIfClosed() {
        guard state.value.machine.isStopping, state.value.connections.isEmpty, state.value.underWay <= 0 else { return }
        state.value.onAllClosed?.succeed()
        state.value.onAllClosed = nil
    }

    // MARK: Connections

    private func heard(_ report: ConnectionReport, of connection: NodeConnection) {
        let identity = connection.identity
        switch report {
        case .opened:
            opened(connection)
        case .consuming(let form):
            state.value.machine.speaks(form, identity)
            delegate.happened(.nodeConsuming(identity))
        case .notConsuming(let reason):
            delegate.happened(.nodeNotConsuming(identity, reason: reason))
        case .unknownFrame(let reason):
            delegate.happened(.unknownFrame(identity, reason: reason))
        case .closed(let end):
            // Nothing was said of one that nobody waited for.
            guard state.value.connections[identity] === connection else { return }
            delegate.disconnected(connection, reason: end.reason, clean: end.isClean)
            state.value.connections[identity] = nil
            perform(state.value.machine.disconnected(identity, now: .now))
            finishIfClosed()
        }
    }

    private func opened(_ connection: NodeConnection) {
        guard let actions = state.value.machine.connected(connection.identity, now: .now) else {
            loop.execute { connection.close(reason: "nobody waits for it any more") }
            return schedule()
        }
        state.value.connections[connection.identity] = connection
        perform(actions)
        delegate.connected(connection)
    }

    // MARK: HTTP in place of a WebSocket

    private func call(_ identity: NodeIdentity, within limit: Duration) -> HTTPCall {
        let center = tellingCenter
        let isSecure = center?.isSecure == true
        let peer = Peer(node: identity.address, isSecure: isSecure, hasCredentials: center?.credentials != nil)
        return HTTPCall(
            loop: loop, peer: peer, tls: isSecure ? settings.tls : nil, credentials: center?.credentials, timeout: limit,
            names: settings.names)
    }

    private func askHTTP(_ identity: NodeIdentity) {
        HTTPRoute.probe(call(identity, within: settings.connectTimeout)).whenComplete { result in
            let takesCommands = (try? result.get()) ?? false
            self.perform(self.state.value.machine.answeredHTTP(identity, takesCommands: takesCommands))
        }
    }

    private func openRoute(_ identity: NodeIdentity) {
        let call = call(identity, within: settings.connection.replyTimeout)
        let route = HTTPRoute(identity: identity, call: call, delegate: delegate) { route in
            guard self.state.value.routes[identity] === route else { return }
            self.perform(self.state.value.machine.routeFailed(identity))
        }
        state.value.routes[identity] = route
        delegate.routeOpened(route)
    }

    private func closeRoute(_ identity: NodeIdentity) {
        guard let route = state.value.routes.removeValue(forKey: identity) else {
            return assertionFailure("the route to \(identity.id) is to be closed, and there is none")
        }
        delegate.routeClosed(route)
        route.close()
    }
}
