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
                self.drop(settings)
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
        case .acknowledgement(let key, let value) where self.clients[client]?.context[key] == value:
            self.clients[client]?.acknowledged.append(value)
        case .nothing, .context, .acknowledgement, .queue, nil: return
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
            case .block:
                self.clients[client]?.wait = .queue(place)
                self.clients[client]?.held.prepend(text)
                self.queues[place].blocked.append(client)
            }
            return
        }
        let event = self.queues[place].template.frame(client: String(client), data: UserFrame.data(text))
        _ = self.queues[place].push(TopicQueue.Event(frame: event), capacity: settings.topicSize)
        if frame.asksForContext, self.clients[client]?.context[settings.authKey] == nil {
            self.clients[client]?.wait = .context(key: settings.authKey)
        } else if let key = settings.acknowledgeKey, let number = frame.number {
            self.clients[client]?.wait = .acknowledgement(key: key, value: number)
        }
    }

    private mutating func drop(_ settings: DevEngine.Settings) {
        guard let topic = settings.topics.first, let place = self.queue(topic, settings: settings) else { return }
        self.queues[place].dropped += 1
    }
}
