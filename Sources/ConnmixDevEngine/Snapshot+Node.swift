extension Snapshot {
    /// One node at that moment.
    public struct Node: Sendable {
        let memory: NodeMemory

        /// As the center names it; a restart changes it.
        public var id: String { self.memory.id }
        /// Whether the center names it.
        public var isListed: Bool { self.memory.isListed }
        /// Whether its ports are open and it serves; false after ``DevEngine/stopNode(_:listed:reset:)``.
        public var isRunning: Bool { self.memory.isRunning }
        /// Whether the network to it is silent: ``DevEngine/cutNode(_:)``.
        public var isCut: Bool { self.memory.isCut }
        /// Open API WebSockets.
        public var connections: Int { self.memory.connections }
        /// Those of them that consume.
        public var consumers: Int { self.memory.consumers.count }
        /// API WebSockets opened since the start, over restarts.
        public var accepted: Int { self.memory.accepted }
        /// How consumers closed their WebSockets: code to count.
        public var goodbyes: [UInt16: Int] { self.memory.goodbyes }

        /// Names of its queues, in the order they were made. Consumers and end users make them.
        public var topics: [String] { self.memory.queues.map(\.name) }
        /// Zeros when there is no such topic yet.
        public func topic(_ name: String) -> Topic {
            guard let place = self.memory.place(of: name) else { return Topic() }
            let queue = self.memory.queues[place]
            return Topic(
                queued: queue.events.count, pushed: queue.pushed, popped: queue.popped, dropped: queue.dropped,
                consumers: queue.consumers.count)
        }

        /// Events in all its queues now.
        public var queued: Int { self.memory.queues.reduce(0) { $0 + $1.events.count } }
        /// Events that its queues took since it started.
        public var pushed: Int { self.memory.queues.reduce(0) { $0 + $1.pushed } }
        /// Events written to consumers since it started.
        public var popped: Int { self.memory.queues.reduce(0) { $0 + $1.popped } }
        /// End users' frames and pushed events that are lost, for want of room, since it started.
        public var dropped: Int { self.memory.queues.reduce(0) { $0 + $1.dropped } }

        /// Ids of its end users, in no order.
        public var clients: [String] { self.memory.clients.keys.map { String($0) } }
        /// How many end users it has, a feed's clients included.
        public var clientCount: Int { self.memory.clients.count }
        /// Channel to its number of subscribers on this node.
        public var channels: [String: Int] { self.memory.channels.mapValues(\.count) }
    }

    /// One topic of one node: what is queued now, and counts since the node started.
    public struct Topic: Sendable, Hashable {
        /// Events in the queue now.
        public var queued = 0
        /// Events that the queue took.
        public var pushed = 0
        /// Events written to consumers.
        public var popped = 0
        /// Frames and events that are lost for want of room.
        public var dropped = 0
        /// API connections that consume it now.
        public var consumers = 0
    }

    /// One end user at that moment.
    public struct Client: Sendable {
        /// The client id, unique in the mesh.
        public let id: String
        /// Id of its node.
        public let node: String
        let memory: ClientMemory

        /// Whether its frames are held back, for a context value or for room in a queue.
        public var isWaiting: Bool { self.memory.wait != .nothing }
        /// Key to JSON text.
        public var context: [String: String] { self.memory.context }
        /// Names of the channels it is subscribed to.
        public var channels: Set<String> { self.memory.channels }
        /// Frames that reached it.
        public var sends: Int { self.memory.sends }
        /// `conn.call`s applied to it.
        public var calls: Int { self.memory.calls }
    }
}
