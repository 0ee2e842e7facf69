internal import DequeModule

/// Decides which command goes out next, and where to. Pure.
///
/// A command leaves after the earlier unsettled ones of its lane and of its target (promise P5), over a connection that the
/// routing rules allow: mesh commands over any node, calls only over the node that holds the client. With a lane window of more
/// than one, so many of a lane may be in flight, all on one connection.
///
/// Four words for commands that do not go now (`OrderedWindow` explains the last two):
/// - *crowded*: the connection has no room (`SendWindow`); they go when others have landed.
/// - *stalled*: no connection would do; looked at again when one comes.
/// - *resting*: their time has not come, and it is far: they and what is behind them in order wait in the file.
/// - *aside*: their lane waits for a node that is away, or for an answer that is overdue. It waits in the file, and unlike one
///   that rests it gives up its places at clients and channels (`LanesAside`).
struct Relay: Sendable {
    struct Sending: Sendable {
        let id: Int64
        let command: Command
        let node: String
    }

    /// Commands that wait longer than this wait in the file, and the lanes of nodes that are away longer stand aside, in microseconds.
    static let longWait: Int64 = 1_000_000
    /// So long a command waits for the next connection to the node that it was sent to, in microseconds.
    static let stickiness: Int64 = 5_000_000

    var window: OrderedWindow<OutgoingCommand>
    let policy: CommandRetryPolicy
    /// How long a node may be missing from the center before calls to it are dead, in microseconds.
    let nodeGrace: Int64
    /// In microseconds.
    let replyTimeout: Int64
    var random: any RandomNumberGenerator & Sendable
    var routes: Routes
    var flights = Flights()
    var aside = LanesAside()
    var gone = GoneClients()
    var troubles: [Int64: Trouble] = [:]
    /// Answered, and the mark not committed yet: still pending in the file.
    var unmarked: Set<Int64> = []
    var waiting = Timeline<Int64>()
    var expiries = Timeline<Int64>()
    /// Written once and overdue: unknown from then on.
    var doubts = Timeline<Int64>()
    /// The file is being told that they are about to be written.
    var noting: Set<Int64> = []
    /// Ready, and waiting for an earlier one of their lane to be in flight or settled, by that one.
    var held: [Int64: [Int64]] = [:]
    var endsInFile = EndsInFile()
    /// Under way, and ended in the file by somebody else: not sent again, whatever comes of it.
    var ended: Set<Int64> = []
    /// What followed from an outcome beside its own change.
    var followUps: [Change] = []
    /// Ready, but without a connection that would do.
    var stalled: [Int64] = []
    /// Ready, but all connections that would do are full.
    var crowd: Deque<Int64> = []

    init(
        policy: CommandRetryPolicy, nodeGrace: Duration, replyTimeout: Duration = .seconds(10), windowCapacity: Int,
        windowBytes: Int = .max, laneWindow: Int = 1,
        random: any RandomNumberGenerator & Sendable = Chance()
    ) {
        self.policy = policy
        self.nodeGrace = nodeGrace.microseconds
        self.replyTimeout = replyTimeout.microseconds
        self.random = random
        routes = Routes(replyTimeout: replyTimeout)
        window = OrderedWindow(
            capacity: windowCapacity, keyCapacity: max(16, windowCapacity / 8), byteCapacity: windowBytes, depth: laneWindow)
    }

    var nextDeadline: Int64? {
        var next = waiting.next
        let others = [
            expiries.next, window.nextWakeUp, doubts.next, flights.nextDeadline, aside.nextDeadline, endsInFile.nextDeadline,
        ]
        for case let other? in others { next = min(next ?? other, other) }
        return next
    }
    /// Everything is settled, and marked, that could be sent before that time.
    func isDrained(before time: Int64) -> Bool {
        unmarked.isEmpty && window.isAtRest && aside.isEmpty && (window.nextWakeUp ?? .max) > time
    }
    func isUnmarked(_ id: Int64) -> Bool { unmarked.contains(id) }
    /// Commands in memory: others may change them in the file.
    var known: [Int64] { window.confirmedIDs }
    func isUnderWay(_ id: Int64) -> Bool { flights[id] != nil || !noting.isEmpty && noting.contains(id) }

    /// Commands that are under way keep their places. It holds no reference to the window, which is changed meanwhile.
    var staying: (Int64) -> Bool {
        { [flights, noting] in flights[$0] != nil || flights.isOverdue($0) || noting.contains($0) }
    }

    // MARK: Time

    /// - Returns: commands whose time has run out, and those that nobody will hear of any more.
    mutating func tick(now: Int64) -> [Change] {
        window.tick(now: now)
        if endsInFile.isDue(now: now, isBehind: window.isBehind) { lookAgain() }
        lookAgain(from: aside.tick(now: now))
        while let (_, flight) = flights.forget(now: now) { freeRoom(of: flight) }
        var due: Set<Int64> = []
        while let id = waiting.popDue(now: now) { due.insert(id) }
        if !due.isEmpty {
            stalled.removeAll { due.contains($0) }
            for id in due.sorted() where !isUnderWay(id) { window.makeReady(id) }
        }
        var changes: [Change] = []
        while let id = doubts.popDue(now: now) {
            guard !isUnderWay(id), let item = window[id], item.onlyWrite == .written else { continue }
            changes.append(settle(id, item, .unknown, node: nil, error: "no answer in twice the time that there is for one"))
        }
        while let id = expiries.popDue(now: now) {
            // One that is under way is looked at when its outcome is known.
            guard !isUnderWay(id), let item = window[id], item.hasExpired(now: now) else { continue }
            changes.append(expire(id, item))
        }
        return changes
    }

    mutating func takeFollowUps() -> [Change] {
        guard !followUps.isEmpty else { return [] }
        defer { followUps = [] }
        return followUps
    }
}
