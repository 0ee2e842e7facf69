extension Snapshot {
    /// One node at that moment.
    public struct Node: Sendable {
        let memory: NodeMemory

        public var id: String { self.memory.id }
        /// Whether the center names it.
        public var isListed: Bool { self.memory.isListed }
        public var isRunning: Bool { self.memory.isRunning }
        public var isCut: Bool { self.memory.isCut }
        /// Open API WebSockets.
        public var connections: Int { self.memory.connections }
        /// Those of them that consume.
        public var consumers: Int { self.memory.consumers.count }
        /// API WebSockets opened since the start, over restarts.
        public var accepted: Int { self.memory.accepted }
        /// How consumers closed their WebSockets: code to count.
        public var goodbyes: [UInt16: Int] { self.memory.goodbyes }

        public var topics: [String] { self.memory.queues.map(\.name) }
        /// Zeros when there is no such topic yet.
        public func topic(_ name: String) -> Topic {
            guard let place = self.memory.place(of: name) else { return Topic() }
            let queue = self.memory.queues[place]
            return Topic(
                queued: queue.events.count, pushed: queue.pushed, popped: queue.popped, dropped: queue.dropped,
                consumers: queue.consumers.count)
        }

        public var queued: Int { self.memory.queues.reduce(0) { $0 + $1.events.count } }
        public var pushed: Int { self.memory.queues.reduce(0) { $0 + $1.pushed } }
        public var popped: Int { self.memory.queues.reduce(0) { $0 + $1.popped } }
        public var dropped: Int { self.memory.queues.reduce(0) { $0 + $1.dropped } }

        /// Ids of its end users, in no order.
        public var clients: [String] { self.memory.clients.keys.map { String($0) } }
        public var clientCount: Int { self.memory.clients.count }
        /// Channel to its number of subscribers on this node.
        public var channels: [String: Int] { self.memory.channels.mapValues(\.count) }
    }

    /// One topic of one node: what is queued now, and counts since the node started.
    public struct Topic: Sendable, Hashable {
        public var queued = 0
        public var pushed = 0
        public var popped = 0
        public var dropped = 0
        public var consumers = 0
    }

    /// One end user at that moment.
    public struct Client: Sendable {
        public let id: String
        /// Id of its node.
        public let node: String
        let memory: ClientMemory

        /// Whether its frames are held back, for a context value or for room in a queue.
        public var isWaiting: Bool { self.memory.wait != .nothing }
        /// Key to JSON text.
        public var context: [String: String] { self.memory.context }
        public var channels: Set<String> { self.memory.channels }
        /// Frames that reached it.
        public var sends: Int { self.memory.sends }
        /// `conn.call`s applied to it.
        public var calls: Int { self.memory.calls }
    }
}
