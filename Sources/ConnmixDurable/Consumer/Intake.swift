internal import NIOCore

/// What was read from the sockets and is not committed yet: the messages at risk. Pure.
///
/// It is bounded (promise P7). At the soft limit the nodes are asked to hand out no more, and what is under way is still
/// read: the sockets hold far more than the engine's queue, and not reading would only move the risk into them. At the hard
/// limit reading stops. Nothing is dropped. Each limit counts messages and bytes; a single message may be larger than all of them.
struct Intake: Sendable {
    /// So many messages, of so many bytes.
    struct Load: Sendable, Equatable {
        var messages = 0
        var bytes = 0

        func reaches(_ limit: Load) -> Bool { messages >= limit.messages || bytes >= limit.bytes }
        func isWithin(_ limit: Load) -> Bool { messages <= limit.messages && bytes <= limit.bytes }
        static func + (left: Load, right: Load) -> Load {
            Load(messages: left.messages + right.messages, bytes: left.bytes + right.bytes)
        }
        static func - (left: Load, right: Load) -> Load {
            Load(messages: left.messages - right.messages, bytes: left.bytes - right.bytes)
        }
    }

    struct Limits: Sendable {
        var soft: Load
        var hard: Load
        var low: Load
    }

    enum Change: Equatable {
        case pause
        case stopReading
        /// Read again, but do not pop.
        case read
        case resume
    }

    /// Why nothing more is taken, whatever the gauge says.
    enum Hold: Sendable {
        /// Nobody has looked at the file yet.
        case starting
        case stopping
        case trouble
        /// The disk does not answer.
        case standstill
        /// Too many entries are open in the file.
        case backlog
        /// Too little of the disk is free.
        case disk
        /// Somebody paused it by hand.
        case `operator`
    }

    private enum Flow {
        case open
        case paused
        case blocked
    }

    private let limits: Limits
    private var waiting: [ReceivedMessage] = []
    private var load = Load()
    private var flow = Flow.open
    private var holds: Set<Hold> = []
    private(set) var highWater = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// What waits and what is being committed.
    var atRisk: Int { load.messages }
    var bytesAtRisk: Int { load.bytes }
    /// Whether nodes may be popped.
    var isOpen: Bool { flow == .open }
    var isReading: Bool { flow != .blocked }

    mutating func arrived(_ messages: [ReceivedMessage]) -> Change? {
        if waiting.isEmpty { waiting = messages } else { waiting += messages }
        load = load + Self.load(of: messages)
        highWater = max(highWater, atRisk)
        switch flow {
        case .open where load.reaches(limits.hard), .paused where load.reaches(limits.hard):
            flow = .blocked
            return .stopReading
        case .open where load.reaches(limits.soft):
            flow = .paused
            return .pause
        case .open, .paused, .blocked:
            return nil
        }
    }

    /// Everything that waits, to be committed.
    mutating func take() -> [ReceivedMessage] {
        defer { waiting = [] }
        return waiting
    }

    mutating func committed(_ messages: [ReceivedMessage]) -> Change? {
        load = load - Self.load(of: messages)
        assert(load.messages >= 0 && load.bytes >= 0, "more was committed than was at risk")
        return relax()
    }

    /// The commit failed: the messages stay in memory, before all that came later. Nothing more is taken until `release`.
    mutating func putBack(_ messages: [ReceivedMessage]) -> Change? {
        waiting = messages + waiting
        return hold(.trouble)
    }

    /// Takes no more until `release`, whatever the gauge says. What is under way is still read.
    mutating func hold(_ reason: Hold) -> Change? {
        holds.insert(reason)
        guard flow == .open else { return nil }
        flow = .paused
        return .pause
    }

    mutating func release(_ reason: Hold) -> Change? {
        holds.remove(reason)
        return relax()
    }

    private mutating func relax() -> Change? {
        guard load.isWithin(limits.low) else { return nil }
        switch flow {
        case .open:
            return nil
        case .paused where holds.isEmpty, .blocked where holds.isEmpty:
            flow = .open
            return .resume
        case .paused:
            return nil
        case .blocked:
            flow = .paused
            return .read
        }
    }

    /// Counts what is held of what came from the engine; what is added later (lane, key) is not, so that a message weighs the same going out.
    private static func load(of messages: [ReceivedMessage]) -> Load {
        var bytes = 0
        for message in messages {
            bytes += message.data.readableBytes + message.client.text.utf8.count + message.topic.utf8.count + overhead
        }
        return Load(messages: messages.count, bytes: bytes)
    }

    /// What a message takes beside its payload, roughly.
    private static let overhead = 256
}

extension Intake.Limits {
    /// The soft limit is an eighth of the hard one, low water a quarter of the soft one.
    init(hard: Intake.Load) {
        self.hard = hard
        soft = Intake.Load(messages: hard.messages / 8, bytes: hard.bytes / 8)
        low = Intake.Load(messages: hard.messages / 32, bytes: hard.bytes / 32)
    }
}
