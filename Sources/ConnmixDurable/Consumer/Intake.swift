/// What was read from the sockets and is not committed yet: the messages at risk. Pure.
///
/// It is bounded (promise P7). At the soft limit the nodes are asked to hand out no more, and what is under way is still
/// read: the sockets hold far more than the engine's queue, and not reading would only move the risk into them. At the hard
/// limit reading stops. Nothing is dropped.
struct Intake: Sendable {
    struct Limits: Sendable {
        var soft: Int
        var hard: Int
        var low: Int
    }

    enum Change: Equatable {
        case pause
        case stopReading
        /// Read again, but do not pop.
        case read
        case resume
    }

    /// Why nothing more is taken, whatever the gauge says.
    enum Hold {
        case stopping
        case trouble
    }

    private enum Flow {
        case open
        case paused
        case blocked
    }

    private let limits: Limits
    private var waiting: [ReceivedMessage] = []
    private var inCommit = 0
    private var flow = Flow.open
    private var holds: Set<Hold> = []
    private(set) var highWater = 0

    init(limits: Limits) {
        self.limits = limits
    }

    var atRisk: Int { waiting.count + inCommit }
    var isEmpty: Bool { waiting.isEmpty }
    /// Whether nodes may be popped.
    var isOpen: Bool { flow == .open }
    var isReading: Bool { flow != .blocked }

    mutating func arrived(_ messages: [ReceivedMessage]) -> Change? {
        if waiting.isEmpty { waiting = messages } else { waiting += messages }
        highWater = max(highWater, atRisk)
        switch flow {
        case .open where atRisk >= limits.hard, .paused where atRisk >= limits.hard:
            flow = .blocked
            return .stopReading
        case .open where atRisk >= limits.soft:
            flow = .paused
            return .pause
        case .open, .paused, .blocked:
            return nil
        }
    }

    /// Everything that waits, to be committed.
    mutating func take() -> [ReceivedMessage] {
        defer { waiting = [] }
        inCommit += waiting.count
        return waiting
    }

    mutating func committed(_ count: Int) -> Change? {
        inCommit -= count
        return relax()
    }

    /// The commit failed: the messages stay in memory, before all that came later. Nothing more is taken until `release`.
    mutating func putBack(_ messages: [ReceivedMessage]) -> Change? {
        inCommit -= messages.count
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
        guard atRisk <= limits.low else { return nil }
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
}
