import NIOCore

/// The bounded queue of one topic on one node, and who consumes it.
struct TopicQueue {
    struct Event {
        /// The whole WebSocket frame, rendered when it was pushed.
        var frame: ByteBuffer
        /// Index of the feed it is from, or -1.
        var feed: Int32 = -1
    }

    struct Popped {
        var event: Event
        /// So many are still in the queue.
        var left: Int
        /// Whether an end user's frame waits for the room.
        var isAwaited: Bool
    }

    let name: String
    var template: EventTemplate
    private(set) var events = CircularBuffer<Event>()
    private(set) var consumers: [Int] = []
    /// The place in `consumers` that is served next.
    private(set) var turn = 0
    /// End users whose frame waits for room, with `WhenFull.block`.
    var blocked = CircularBuffer<UInt64>()

    private(set) var pushed = 0
    private(set) var popped = 0
    var dropped = 0

    init(name: String, template: EventTemplate) {
        self.name = name
        self.template = template
    }

    mutating func push(_ event: Event, capacity: Int) -> Bool {
        guard self.events.count < capacity else { return false }
        self.events.append(event)
        self.pushed += 1
        return true
    }

    /// A feed's. It has looked how many there is room for.
    mutating func push(_ frames: [ByteBuffer], feed: Int32, capacity: Int) {
        for frame in frames { _ = self.push(Event(frame: frame, feed: feed), capacity: capacity) }
    }

    /// The next event, for the consumer in turn; `turn` is the place after its own.
    mutating func pop(turn: Int) -> Popped? {
        guard let event = self.events.popFirst() else { return nil }
        self.popped += 1
        self.turn = turn
        return Popped(event: event, left: self.events.count, isAwaited: !self.blocked.isEmpty)
    }

    /// The place that is served next, while these are still the consumers.
    func turn(of consumers: [Int]) -> Int? { self.consumers == consumers ? self.turn : nil }

    mutating func addConsumer(_ connection: Int) {
        self.consumers.append(connection)
    }

    mutating func removeConsumer(_ connection: Int) {
        self.consumers.removeAll { $0 == connection }
    }
}
