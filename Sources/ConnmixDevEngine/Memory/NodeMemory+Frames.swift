import NIOCore

/// The built-in "Lua": what becomes of an end user's text frame.
extension NodeMemory {
    /// A frame came in. It is pushed, held back behind earlier ones, or dropped.
    mutating func receive(_ text: ByteBuffer, from client: UInt64, settings: DevEngine.Settings) {
        guard let memory = self.clients[client] else { return }
        guard memory.wait == .nothing, memory.held.isEmpty else {
            if memory.held.count < ClientMemory.heldLimit {
                self.clients[client]?.held.append(text)
            } else {
                self.drop(settings, .overflow(client: client))
            }
            return
        }
        self.process(text, from: client, settings: settings)
    }

    /// Sets values and wakes the connection when it waited for one of them.
    mutating func setContext(_ values: [(String, String)], of client: UInt64, settings: DevEngine.Settings) {
        for (key, value) in values { self.clients[client]?.context[key] = value }
        switch self.clients[client]?.wait {
        case .context(let key) where self.clients[client]?.context[key] != nil: break
        case .context(let key):
            return self.remarks.add(.otherKey(client: client, set: values.map(\.0), awaited: key))
        case .acknowledgement(let key, let value) where self.clients[client]?.context[key] == value:
            self.clients[client]?.acknowledged.append(value)
        case .acknowledgement(let key, let value) where values.contains { $0.0 == key }:
            let set = self.clients[client]?.context[key] ?? ""
            return self.remarks.add(.otherValue(client: client, key: key, set: set, awaited: value))
        case .nothing, .acknowledgement, .queue, nil: return
        }
        self.clients[client]?.wait = .nothing
        self.drain(client, settings: settings)
    }

    /// What the connection has to tell its end user.
    mutating func takeAcknowledged(_ client: UInt64) -> [String] {
        guard self.clients[client]?.acknowledged.isEmpty == false else { return [] }
        defer { self.clients[client]?.acknowledged = [] }
        return self.clients[client]?.acknowledged ?? []
    }

    /// Room in a queue: those who waited for it go on.
    mutating func unblock(_ place: Int, settings: DevEngine.Settings) {
        while self.queues[place].events.count < settings.topicSize, let client = self.queues[place].blocked.popFirst() {
            guard self.clients[client]?.wait == .queue(place) else { continue }
            self.clients[client]?.wait = .nothing
            self.drain(client, settings: settings)
        }
    }

    private mutating func drain(_ client: UInt64, settings: DevEngine.Settings) {
        while self.clients[client]?.wait == .nothing, let text = self.clients[client]?.held.popFirst() {
            self.process(text, from: client, settings: settings)
        }
    }

    private mutating func process(_ text: ByteBuffer, from client: UInt64, settings: DevEngine.Settings) {
        let frame = UserFrame(text)
        let named = frame.topic.flatMap { settings.topics.contains($0) ? $0 : nil }
        guard let topic = named ?? settings.topics.first, let place = self.queue(topic, settings: settings) else {
            return
        }
        if self.queues[place].events.count >= settings.topicSize {
            switch settings.whenFull {
            case .drop:
                self.queues[place].dropped += 1
                self.remarks.add(.dropped(queue: place))
            case .block:
                self.clients[client]?.wait = .queue(place)
                self.clients[client]?.held.prepend(text)
                self.queues[place].blocked.append(client)
            }
            return
        }
        let memory = self.clients[client]
        let data = EventData(
            event: settings.connectionEvents ? .message : nil, text: text, isDecoded: settings.decodesFrames,
            uid: memory?.context[settings.authKey],
            headers: frame.asksForContext ? memory?.headers ?? [] : [])
        self.push(data, of: client, to: place, settings: settings)
        if frame.asksForContext, memory?.context[settings.authKey] == nil {
            self.wait(client, .context(key: settings.authKey))
        } else if let key = settings.acknowledgeKey, let number = frame.number {
            self.wait(client, .acknowledgement(key: key, value: number))
        }
    }

    private mutating func wait(_ client: UInt64, _ wait: ClientMemory.Wait) {
        self.clients[client]?.wait = wait
        self.clients[client]?.waits += 1
        self.remarks.add(.waits(client: client))
    }

    /// The connection came or goes: the default topic is told, where that is wanted and there is room.
    mutating func tell(_ event: EventData.Kind, of client: UInt64, settings: DevEngine.Settings) {
        guard settings.connectionEvents, let memory = self.clients[client], let topic = settings.topics.first,
            let place = self.queue(topic, settings: settings)
        else { return }
        guard self.queues[place].events.count < settings.topicSize else {
            return self.drop(settings, .dropped(queue: place))
        }
        let data = EventData(
            event: event, text: nil, uid: memory.context[settings.authKey],
            headers: event == .handshake ? memory.headers : [])
        self.push(data, of: client, to: place, settings: settings)
    }

    private mutating func push(_ data: EventData, of client: UInt64, to place: Int, settings: DevEngine.Settings) {
        let frame = self.queues[place].template.frame(client: String(client), data: data.json)
        _ = self.queues[place].push(TopicQueue.Event(frame: frame), capacity: settings.topicSize)
        if self.queues[place].consumers.isEmpty { self.remarks.add(.unconsumed(queue: place)) }
    }

    private mutating func drop(_ settings: DevEngine.Settings, _ remark: Remark) {
        guard let topic = settings.topics.first, let place = self.queue(topic, settings: settings) else { return }
        self.queues[place].dropped += 1
        self.remarks.add(remark)
    }
}
