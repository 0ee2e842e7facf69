internal import DequeModule

/// Decides which command goes out next, and where to. Pure.
///
/// A command leaves after the earlier unsettled ones of its lane and of its target (promise P5), over a connection that the
/// routing rules allow: mesh commands over any node, calls only over the node that holds the client. With a lane window of more
/// than one, so many of a lane may be in flight, all on one connection.
///
/// Four words for commands that do not go now:
/// - *crowded*: the connection has no room (`SendWindow`); they go when others have landed.
/// - *stalled*: no connection would do; looked at again when one comes.
/// - *resting*: their time has not come, and it is far: they and what is behind them in order wait in the file.
/// - *standing*: their lane waits for a node that is away, or for an answer that is overdue. It waits in the file, and unlike one
///   that rests it gives up its places at clients and channels (`StandingLanes`).
struct Relay: Sendable {
    struct Sending: Sendable {
        let id: Int64
        let command: Command
        let node: String
    }

    /// What a settled command means for the file and for whoever waits.
    enum Change: Sendable {
        case sent(id: Int64, atFirstTry: Bool, Settlement)
        case settled(id: Int64, Settlement)
        case postponed(id: Int64, OutgoingCommand, code: Int64?, error: String)
        /// It may be written once; the file must know before it is.
        case writing(id: Int64)
    }

    /// What is remembered of a command that had no answer, also while it waits in the file.
    struct Trouble: Sendable {
        /// Connections that were lost while it was in flight.
        var losses = 0
        /// Those of them on which it was alone.
        var lossesAlone = 0
        /// How often no answer came in time.
        var overdue = 0
    }

    /// Commands that wait longer than this wait in the file, and nodes that are away longer make lanes stand, in microseconds.
    static let longWait: Int64 = 1_000_000
    /// In flight at so many losses of a connection, a command goes alone.
    static let lossesBeforeAlone = 3
    /// Alone in flight at so many, it is dead (promise P6).
    static let lossesAlone = 2

    var window: OrderedWindow<OutgoingCommand>
    let policy: CommandRetryPolicy
    /// How long a node may be missing from the center before calls to it are dead, in microseconds.
    let nodeGrace: Int64
    /// In microseconds.
    let replyTimeout: Int64
    let stickiness: Int64 = 5_000_000
    var random: any RandomNumberGenerator & Sendable
    var routes: Routes
    var flights = Flights()
    var standing = StandingLanes()
    var gone = GoneClients()
    var troubles: [Int64: Trouble] = [:]
    /// Answered, and the mark not committed yet: still pending in the file.
    var unmarked: Set<Int64> = []
    var waiting = Timeline<Int64>()
    private var expiries = Timeline<Int64>()
    /// Written once and overdue: unknown from then on.
    var doubts = Timeline<Int64>()
    /// The file is being told that they are about to be written.
    var noting: Set<Int64> = []
    /// Ready, and waiting for an earlier one of their lane to be in flight or settled, by that one.
    var held: [Int64: [Int64]] = [:]
    /// Keys that rest in the file, and until when.
    private var resting: [OrderKey: Int64] = [:]
    private var wakeUps = Timeline<OrderKey>()
    /// Something ended in the file that others may have waited for there, and when that is looked at.
    private var mustLookAgain = false
    private var lookAgainAt: Int64 = .min
    /// Until then a pass that has not come to its end goes first.
    private var behindUntil: Int64 = .min
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
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
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
        for other in [expiries.next, wakeUps.next, doubts.next, flights.nextDeadline, standing.nextDeadline] {
            if let other { next = min(next ?? other, other) }
        }
        if mustLookAgain { next = min(next ?? lookAgainAt, lookAgainAt) }
        return next
    }
    /// Everything is settled, and marked, that could be sent before that time.
    func isDrained(before time: Int64) -> Bool {
        unmarked.isEmpty && window.isAtRest && standing.isEmpty && (wakeUps.next ?? .max) > time
    }
    func isUnmarked(_ id: Int64) -> Bool { unmarked.contains(id) }
    /// Commands in memory: others may change them in the file.
    var known: [Int64] { window.confirmedIDs }
    func isUnderWay(_ id: Int64) -> Bool { flights[id] != nil || !noting.isEmpty && noting.contains(id) }

    // MARK: The file

    /// Somebody else changed commands, or a transaction was rolled back.
    mutating func lookAgain() {
        mustLookAgain = false
        resting.removeAll()
        wakeUps = Timeline()
        _ = standing.wakeAll()
        window.wakeAll()
        window.lookAgain(above: 0)
    }

    // MARK: Coming in

    /// A command that was just added to the file.
    ///
    /// - Returns: whether it is in memory; otherwise it is found in the file when its time comes.
    mutating func append(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Bool {
        if mustStand(id, item, now: now) {
            window.leaveAside(id)
            return false
        }
        if item.availableAt - now > Self.longWait { rest(id, item) }
        return window.append(id, keys: restKeys(item, now: now), bytes: item.bytes, item) == .taken
    }

    /// A command of the file, in the order of ids.
    mutating func load(
        _ id: Int64, _ item: OutgoingCommand, now: Int64
    ) -> OrderedWindow<OutgoingCommand>.Admission {
        // Answered, perhaps while the file was read: still pending there, and not to be sent again.
        guard !unmarked.contains(id) else {
            window.passed(id)
            return .known
        }
        var item = item
        if !troubles.isEmpty, let trouble = troubles[id] { item.goesAlone = trouble.losses >= Self.lossesBeforeAlone }
        if !window.contains(id), mustStand(id, item, now: now) {
            window.passOver(id)
            return .leftInFile
        }
        guard item.availableAt - now > Self.longWait, !window.contains(id) else {
            return window.load(id, keys: item.keys, bytes: item.bytes, item)
        }
        let key = item.keys.first ?? .nobody
        guard window.mayRest(key) else { return .full }
        rest(id, item)
        guard key != .nobody else {
            // Others that rest alone may be due before it: the pass goes on.
            window.passed(id)
            return .leftInFile
        }
        return window.load(id, keys: item.keys, bytes: item.bytes, item)
    }

    /// Whether it stays in the file because its lane stands, or stands from now on.
    private mutating func mustStand(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Bool {
        let lane = item.keys.first
        if standing.contains(lane) {
            standing.left(id, lane: lane)
            return true
        }
        guard let (nodes, since, until) = awayNodes(item, now: now),
            standing.stand(lane, for: nodes, since: since, until: until, from: id)
        else { return false }
        standing.left(id, lane: lane)
        // Earlier ones of its lane are in memory and go on; later ones stay behind it.
        return true
    }

    /// The transaction that took the command is committed.
    mutating func confirm(_ id: Int64) {
        window.confirm(id)
        guard let expiresAt = window[id]?.expiresAt else { return }
        expiries.add(id, at: expiresAt)
        // What was sent in time leaves its time behind.
        if expiries.count > 2 * window.count + 1_024 { expiries.keep { window.contains($0) } }
    }

    /// The end user sent something: it is there.
    mutating func clientSeen(_ client: String) {
        gone.seen(client)
    }

    /// What somebody else changed: it may be sent earlier or later than before.
    mutating func refresh(_ row: OutboxTable.Waiting) {
        guard let item = window[row.id], !isUnderWay(row.id) else { return }
        window[row.id]?.attempts = row.attempts
        window[row.id]?.expiresAt = row.expiresAt
        if let client = item.command.client?.text { clientSeen(client) }
        guard item.availableAt != row.availableAt else { return }
        window[row.id]?.availableAt = row.availableAt
        window.makeReady(row.id)
    }

    /// Somebody else ended the command in the file.
    mutating func endedElsewhere(_ id: Int64) {
        guard window.contains(id) else { return }
        if isUnderWay(id) { ended.insert(id) } else { leave(id) }
    }

    /// A later command takes the place of one that no socket has seen.
    ///
    /// - Returns: whether it may: it is not under way, and nothing of it is waiting to be written down.
    mutating func supersede(_ id: Int64) -> Bool {
        guard !isUnderWay(id), !unmarked.contains(id) else { return false }
        if let item = window[id], item.writes > 0 { return false }
        leave(id)
        return true
    }

    /// It waits in the file again, whatever was heard before.
    mutating func pendingAgain(_ id: Int64) {
        ended.remove(id)
    }

    /// Commands ended in the file; what waits there behind one of them need not.
    ///
    /// It is looked at with the next tick, at most once a second, and where the file was not looked at to its end since, each ten seconds:
    /// commands that supersede each other all day must not keep the pass at its beginning.
    mutating func endedInFile() {
        if !resting.isEmpty || !standing.isEmpty { mustLookAgain = true }
    }

    /// The clock was set.
    mutating func forgetLook() { (lookAgainAt, behindUntil) = (.min, .min) }

    private mutating func lookAgainWhereDue(now: Int64) {
        guard mustLookAgain, now >= lookAgainAt else { return }
        lookAgainAt = now + Self.longWait
        guard !window.isBehind || now >= behindUntil else { return }
        behindUntil = now + 10 * Self.longWait
        lookAgain()
    }

    /// The command and what comes after it in its lanes wait in the file; what is under way keeps its place.
    mutating func rest(_ id: Int64, _ item: OutgoingCommand) {
        let key = item.keys.first ?? .nobody
        for (other, _) in window.rest(key, from: id, except: isBusy) { leftMemory(other) }
        if !isUnderWay(id) { leaveForFile(id) }
        // The earliest counts: whoever waits longer is met again then, and rests anew.
        let wakeUp = min(item.availableAt, resting[key] ?? .max)
        guard resting[key] != wakeUp else { return }
        resting[key] = wakeUp
        wakeUps.add(key, at: wakeUp)
    }

    var isBusy: (Int64) -> Bool {
        { [flights, noting] in flights[$0] != nil || flights.isOverdue($0) || noting.contains($0) }
    }

    /// The keys under which a fresh row takes its place; one that rests alone takes none.
    private func restKeys(_ item: OutgoingCommand, now: Int64) -> OrderKeys {
        item.availableAt - now > Self.longWait && item.keys.first == nil ? OrderKeys(.nobody) : item.keys
    }

    // MARK: Time

    /// - Returns: commands whose time has run out, and those that nobody will hear of any more.
    mutating func tick(now: Int64) -> [Change] {
        while let key = wakeUps.popDue(now: now) {
            // A time that was put off meanwhile has a wake-up of its own.
            guard let time = resting[key], time <= now else { continue }
            resting[key] = nil
            window.wake(key)
        }
        lookAgainWhereDue(now: now)
        if let from = standing.tick(now: now) { window.lookAgain(above: from - 1) }
        while let (id, flight) = flights.forget(now: now) { freeRoom(of: flight, for: id, now: now) }
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

    // MARK: Leaving

    /// The command has ended.
    mutating func leave(_ id: Int64) {
        leaveForFile(id)
        if !troubles.isEmpty { troubles[id] = nil }
    }

    /// The command is not in memory any more.
    mutating func leaveForFile(_ id: Int64) {
        window.remove(id)
        leftMemory(id)
        if let from = standing.ended(id) { window.lookAgain(above: from - 1) }
    }

    /// What waited for it in memory need not.
    mutating func leftMemory(_ id: Int64) {
        releaseHeld(by: id)
        if !troubles.isEmpty, troubles[id] != nil { endTest(of: id) }
    }

    mutating func releaseHeld(by id: Int64) {
        guard !held.isEmpty, let waiting = held.removeValue(forKey: id) else { return }
        for id in waiting where !isUnderWay(id) { window.makeReady(id) }
    }

    mutating func expire(_ id: Int64, _ item: OutgoingCommand) -> Change {
        settle(id, item, .expired, node: nil, error: OutgoingCommand.expiry(writes: item.writes))
    }

    mutating func bury(_ id: Int64, _ item: OutgoingCommand, code: Int64?, reason: String) -> Change {
        settle(id, item, .dead, node: nil, code: code, error: reason)
    }

    mutating func settle(
        _ id: Int64, _ item: OutgoingCommand, _ state: CommandState, node: String?, code: Int64? = nil, error: String
    ) -> Change {
        leave(id)
        unmarked.insert(id)
        return .settled(
            id: id,
            Settlement(
                state: state, attempts: item.attempts, writes: item.writes, node: node, code: code, error: error,
                isAcknowledgement: item.isAcknowledgement))
    }
}

extension Relay.Change {
    var id: Int64 {
        switch self {
        case .sent(let id, _, _), .settled(let id, _), .postponed(let id, _, _, _), .writing(let id): id
        }
    }

    /// How the command with this id ended, if this is its end.
    func settlement(of id: Int64) -> Settlement? {
        switch self {
        case .sent(id, _, let settlement), .settled(id, let settlement): settlement
        case .sent, .settled, .postponed, .writing: nil
        }
    }
}
