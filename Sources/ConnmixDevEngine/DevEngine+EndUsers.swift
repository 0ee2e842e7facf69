import NIOCore

extension DevEngine {
    /// Connects an end user without a socket. Without a node: to the first running one.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `nodeNotRunning`, `stopped`.
    public func connectEndUser(node: String? = nil) async throws -> EndUser {
        let inbox = EndUserInbox()
        let (number, id) = try await self.onLoop { mesh in
            let shell = try mesh.running(node)
            return (mesh.connect(.user(inbox), to: shell.place), shell.info.id)
        }
        return EndUser(engine: self, number: number, node: id, inbox: inbox)
    }

    /// Puts an event in a queue: `data` is raw JSON for `d` (not checked), `client` any text. False when the queue is
    /// full (counted as dropped) or there are too many topics.
    ///
    /// - Throws: ``DevEngineError``: `unknownNode`, `nodeNotRunning`, `stopped`.
    @discardableResult
    public func push(topic: String, client: String, data: [UInt8], node: String? = nil) async throws -> Bool {
        try await self.onLoop { mesh in
            let place = try mesh.running(node).place
            let settings = mesh.memory.settings
            guard let queue = mesh.memory.nodes[place].queue(topic, settings: settings) else { return false }
            let escaped = String(decoding: JSONText.quoted(client).dropFirst().dropLast(), as: UTF8.self)
            let template = mesh.memory.nodes[place].queues[queue].template
            let event = TopicQueue.Event(frame: template.frame(client: escaped, data: ByteBuffer(bytes: data)))
            if mesh.memory.nodes[place].queues[queue].push(event, capacity: settings.topicSize) { return true }
            mesh.memory.nodes[place].queues[queue].dropped += 1
            return false
        }
    }

    /// Keeps a node's queue filled with `count` messages of `clients` synthetic end users, from within the event loop.
    ///
    /// `d` is `{"frame":{"type":"text","data":"{\"seq\":17,\"pad\":\"…\"}","finish":true}}`, about `payloadBytes`
    /// long; message k is of client k modulo `clients`, and `seq` counts per client from 0. Nothing is dropped: a full
    /// queue makes the feed wait. The clients stay connected until ``Feed/stop()``.
    ///
    /// - Parameters:
    ///   - node: the node's id; nil is the first running one.
    ///   - topic: nil is the first configured one.
    ///   - count: how many messages there are in all.
    ///   - clients: how many end users they come from, at least 1.
    ///   - payloadBytes: how long `d` is, about.
    ///   - perSecond: messages per second; nil is as fast as consumers take them.
    ///   - recordsTexts: keep the texts that reach the clients.
    /// - Throws: ``DevEngineError``: `invalidConfiguration`, `unknownNode`, `nodeNotRunning`, `stopped`.
    public func feed(
        node: String? = nil, topic: String? = nil, count: Int, clients: Int = 100, payloadBytes: Int = 200,
        perSecond: Double? = nil, recordsTexts: Bool = false
    ) async throws -> Feed {
        guard count >= 0, clients > 0, payloadBytes >= 0, perSecond.map({ $0 > 0 }) ?? true else {
            throw DevEngineError(.invalidConfiguration, "a feed has clients, and counts are not negative")
        }
        let (ids, index) = try await self.onLoop { mesh in
            let shell = try mesh.running(node)
            let settings = mesh.memory.settings
            guard let name = topic ?? settings.topics.first,
                let queue = mesh.memory.nodes[shell.place].queue(name, settings: settings)
            else { throw DevEngineError(.invalidConfiguration, "the node has no room for another topic") }
            let ids = (0..<clients).map { _ in mesh.memory.connect(to: shell.place) }
            let memory = FeedMemory(
                count: count, clients: ids, payloadBytes: payloadBytes, perSecond: perSecond,
                recordsTexts: recordsTexts, now: NIODeadline.now().uptimeNanoseconds)
            let run = FeedRun(index: Int32(mesh.feeds.count), place: shell.place, queue: queue, memory: memory)
            for (place, id) in ids.enumerated() { shell.sinks[id] = .feed(run, place) }
            mesh.feeds.append(run)
            shell.feeds[queue, default: []].append(run)
            if perSecond != nil {
                let bound = NIOLoopBound((mesh, run), eventLoop: mesh.loop)
                run.ticks = mesh.loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { task in
                    let (mesh, run) = bound.value
                    mesh.endTurn()
                    if run.memory.isStopped || run.memory.pushed >= run.memory.count { task.cancel() }
                }
            }
            return (ids, mesh.feeds.count - 1)
        }
        return Feed(engine: self, clients: ids, index: index, count: count)
    }
}
