import NIOConcurrencyHelpers
import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// Nodes come, go, restart and are cut.
extension Mesh {
    static func newID() -> String {
        String((0..<10).map { _ in Character(Unicode.Scalar(UInt8.random(in: 0x61...0x7A))) })
    }

    /// A place for a new node; it is not listed until its ports are open.
    func reserveNode(apiPort: Int, chatPort: Int) -> Int {
        let place = self.shells.count
        var node = NodeMemory(id: Self.newID(), number: place + 1)
        node.isListed = false
        node.isRunning = false
        self.memory.nodes.append(node)
        let info = NodeInfo(id: node.id, api: "", chat: "")
        self.shells.append(NodeShell(place: place, info: info, apiPort: apiPort, chatPort: chatPort))
        return place
    }

    /// A further node, listed as soon as its ports are open.
    func addNode() -> EventLoopFuture<NodeInfo> {
        let step = 10 * self.shells.count
        let api = self.firstPorts.api == 0 ? 0 : self.firstPorts.api + step
        let chat = self.firstPorts.chat == 0 ? 0 : self.firstPorts.chat + step
        return self.open(self.reserveNode(apiPort: api, chatPort: chat))
    }

    /// Opens the ports of a node that does not run. Fails with `portInUse` where one is taken.
    func open(_ place: Int) -> EventLoopFuture<NodeInfo> {
        let chatPort = self.shells[place].chatPort
        let bound = self.bound
        return self.bindPort(.api(place), self.shells[place].apiPort).flatMap { api in
            bound.value.bindPort(.chat(place), chatPort).flatMapThrowing { chat in
                bound.value.opened(place, api: api, chat: chat)
            }.flatMapError { error in
                api.close(promise: nil)
                return bound.value.loop.makeFailedFuture(error)
            }
        }
    }

    /// `EADDRINUSE` becomes `portInUse`.
    func bindPort(_ port: Port, _ number: Int) -> EventLoopFuture<any Channel> {
        let host = self.host
        return self.bind(port, number: number).flatMapErrorThrowing { error in
            guard let error = error as? IOError, error.errnoCode == EADDRINUSE else { throw error }
            throw DevEngineError(.portInUse, "port \(number) on \(host) is in use")
        }
    }

    /// Its ports are open.
    func opened(_ place: Int, api: any Channel, chat: any Channel) -> NodeInfo {
        let shell = self.shells[place]
        shell.apiListener = api
        shell.chatListener = chat
        shell.apiPort = api.localAddress?.port ?? 0
        shell.chatPort = chat.localAddress?.port ?? 0
        shell.info = NodeInfo(
            id: self.memory.nodes[place].id, api: self.address(shell.apiPort), chat: self.address(shell.chatPort))
        self.memory.nodes[place].isRunning = true
        self.memory.nodes[place].isListed = true
        for topic in self.memory.settings.topics {
            _ = self.memory.nodes[place].queue(topic, settings: self.memory.settings)
        }
        self.publishDirectory()
        return shell.info
    }

    func address(_ port: Int) -> String { self.host.contains(":") ? "[\(self.host)]:\(port)" : "\(self.host):\(port)" }

    /// Everything the node knew is gone, under a new id; all its connections are closed.
    func wipe(_ place: Int, reset: Bool) {
        let shell = self.shells[place]
        for run in self.feeds where run.place == place { self.stop(run) }
        shell.feeds = [:]
        let sinks = shell.sinks
        shell.sinks = [:]
        shell.connections = [:]
        _ = self.memory.forget(place, newID: Self.newID())
        shell.info.id = self.memory.nodes[place].id
        for sink in sinks.values {
            if case .user(let inbox) = sink { inbox.close() }
        }
        for child in shell.children.values { child.channel.drop(reset: reset) }
        for topic in self.memory.settings.topics {
            _ = self.memory.nodes[place].queue(topic, settings: self.memory.settings)
        }
        self.publishDirectory()
    }

    func setCut(_ place: Int, _ isCut: Bool) {
        self.memory.nodes[place].isCut = isCut
        for child in self.shells[place].children.values { child.valve.setShut(isCut) }
        if !isCut {
            for connection in self.shells[place].connections.values { connection.forgiveSilence() }
        }
    }

    func settingsChanged() {
        for place in self.memory.nodes.indices { self.memory.nodes[place].renewTemplates(self.memory.settings) }
        for shell in self.shells {
            for connection in shell.connections.values { connection.watchTimeout() }
        }
    }

    func stop(_ run: FeedRun) {
        guard !run.memory.isStopped else { return }
        run.memory.isStopped = true
        run.ticks?.cancel()
        self.shells[run.place].feeds[run.queue]?.removeAll { $0 === run }
        if self.shells[run.place].feeds[run.queue]?.isEmpty == true { self.shells[run.place].feeds[run.queue] = nil }
        for client in run.memory.clients { self.disconnect(client) }
    }

    /// Everything closed, everybody who waits is told.
    func stopAll() -> [any Channel] {
        self.isStopped = true
        self.notices.finish()
        for id in Array(self.watchers.keys) { self.failWatcher(id, DevEngineError.stopped) }
        for run in self.feeds { self.stop(run) }
        var channels: [any Channel] = [self.centerListener].compactMap { $0 }
        channels += self.centerChildren.values.map(\.channel)
        for shell in self.shells {
            channels += [shell.apiListener, shell.chatListener].compactMap { $0 }
            channels += shell.children.values.map(\.channel)
            for sink in shell.sinks.values {
                if case .user(let inbox) = sink { inbox.close() }
            }
        }
        self.directory.withLockedValue { $0 = [] }
        return channels
    }
}
