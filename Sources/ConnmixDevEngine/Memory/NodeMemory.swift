import NIOCore

/// Everything a node keeps in memory, gone with a restart. Pure: it decides, it does not do.
struct NodeMemory {
    var id: String
    let number: Int
    var isListed = true
    var isRunning = true
    var isCut = false

    var queues: [TopicQueue] = []
    private var places: [String: Int] = [:]
    var clients: [UInt64: ClientMemory] = [:]
    private(set) var channels: [String: Set<UInt64>] = [:]
    /// Connection to the queues it consumes.
    private(set) var consumers: [Int: [Int]] = [:]
    var connections = 0
    var accepted = 0
    var goodbyes: [UInt16: Int] = [:]
    var remarks = Remarks()

    init(id: String, number: Int) {
        self.id = id
        self.number = number
    }

    var isReachable: Bool { self.isRunning && !self.isCut }

    func place(of topic: String) -> Int? { self.places[topic] }

    /// The queue of that topic, made when it is new. Nil when there are too many topics.
    mutating func queue(_ topic: String, settings: DevEngine.Settings) -> Int? {
        if let place = self.places[topic] { return place }
        guard self.queues.count < settings.maxTopics else { return nil }
        let template = EventTemplate(node: self.id, number: self.number, topic: topic, settings: settings)
        self.queues.append(TopicQueue(name: topic, template: template))
        self.places[topic] = self.queues.count - 1
        return self.queues.count - 1
    }

    mutating func renewTemplates(_ settings: DevEngine.Settings) {
        for place in self.queues.indices {
            self.queues[place].template = EventTemplate(
                node: self.id, number: self.number, topic: self.queues[place].name, settings: settings)
        }
    }

    // MARK: queue.pop, queue.unpop

    mutating func pop(_ topics: [String], connection: Int, settings: DevEngine.Settings) -> Answer {
        guard !topics.isEmpty else { return .invalidParams }
        guard self.consumers[connection] == nil else { return .repeatedConsume }
        let wanted = Set(topics)
        let new = wanted.count { self.places[$0] == nil }
        guard wanted.count <= settings.maxTopics, self.queues.count + new <= settings.maxTopics else {
            return .consumeFailed
        }
        let places = wanted.compactMap { self.queue($0, settings: settings) }
        for place in places { self.queues[place].addConsumer(connection) }
        self.consumers[connection] = places
        return .done
    }

    mutating func unpop(connection: Int) -> Answer {
        self.removeConsumer(connection) ? .done : .unpopFailed
    }

    @discardableResult
    mutating func removeConsumer(_ connection: Int) -> Bool {
        guard let places = self.consumers.removeValue(forKey: connection) else { return false }
        for place in places { self.queues[place].removeConsumer(connection) }
        return true
    }

    // MARK: clients and channels

    mutating func removeClient(_ client: UInt64) {
        guard let memory = self.clients.removeValue(forKey: client) else { return }
        for channel in memory.channels { self.leave(channel, client) }
    }

    /// In place: an optional chain would take the whole client out and put it back.
    mutating func countDelivery(to client: UInt64) {
        guard let index = self.clients.index(forKey: client) else { return }
        self.clients.values[index].sends += 1
    }

    mutating func subscribe(_ client: UInt64, to names: [String]) {
        for name in names {
            self.clients[client]?.channels.insert(name)
            self.channels[name, default: []].insert(client)
        }
    }

    mutating func unsubscribe(_ client: UInt64, from names: [String]) {
        for name in names {
            self.clients[client]?.channels.remove(name)
            self.leave(name, client)
        }
    }

    private mutating func leave(_ channel: String, _ client: UInt64) {
        self.channels[channel]?.remove(client)
        if self.channels[channel]?.isEmpty == true { self.channels[channel] = nil }
    }
}
