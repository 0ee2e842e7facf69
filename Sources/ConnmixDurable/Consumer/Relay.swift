internal import DequeModule

/// Decides which command goes out next, and where to. Pure.
///
/// A command leaves after the earlier unsettled ones of its lane and of its target (promise P5), over a connection that the
/// routing rules allow: mesh commands over any node, calls only over the node that holds the client. With a lane window of more
/// than one, so many of a lane may be in flight, all on one connection.
struct Relay: Sendable {
    /// A connection, named by the node's id: there is one a node.
    private struct Route {
        var inFlight = 0
        /// HTTP in place of a WebSocket: no calls.
        var takesOnlyMesh = false
    }

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

    private enum Routing {
        case over(String)
        /// Behind that one of its lane.
        case hold(Int64)
        /// No connection that would do; tried again when one comes, or at that time.
        case wait(until: Int64?)
        case dead(reason: String)
    }

    /// Commands that wait longer than this wait in the file, in microseconds.
    static let longWait: Int64 = 1_000_000
    /// How long a client counts as gone, in microseconds.
    private static let goneTime: Int64 = 60_000_000

    var window: OrderedWindow<OutgoingCommand>
    let policy: CommandRetryPolicy
    /// How long a node may be missing from the center before calls to it are dead, in microseconds.
    private let nodeGrace: Int64
    private let stickiness: Int64 = 5_000_000
    private var random: any RandomNumberGenerator & Sendable
    private var routes: [String: Route] = [:]
    private var listed: Set<String> = []
    /// The center's list was read once: before that no node is missing.
    private var isDirectoryKnown = false
    /// Nodes that are gone, and the ids that listen at their addresses since.
    private var successors: [String: String] = [:]
    /// Since when a node that a command needs is not listed, in microseconds since 1970.
    private var missingSince: [String: Int64] = [:]
    private var inFlight: [Int64: String] = [:]
    /// Answered, and the mark not committed yet: still pending in the file.
    private var unmarked: Set<Int64> = []
    private var waiting = Timeline<Int64>()
    private var expiries = Timeline<Int64>()
    /// The file is being told that they are about to be written.
    private var noting: Set<Int64> = []
    /// Ready, and waiting for an earlier one of their lane to be in flight or settled, by that one.
    private var held: [Int64: [Int64]] = [:]
    /// Clients that are gone for certain, and the command that found out, where that buries their other commands.
    private var gone: [String: (found: Int64, until: Int64)] = [:]
    private var goneInOrder: Deque<String> = []
    /// Keys that rest in the file, and until when.
    private var resting: [OrderKey: Int64] = [:]
    private var wakeUps = Timeline<OrderKey>()
    /// Under way, and ended in the file by somebody else: not sent again, whatever comes of it.
    private var ended: Set<Int64> = []
    /// What followed from an outcome beside its own change.
    private var followUps: [Change] = []
    /// Ready, but without a connection that would do.
    private var stalled: [Int64] = []

    init(
        policy: CommandRetryPolicy, nodeGrace: Duration, windowCapacity: Int, windowBytes: Int = .max, laneWindow: Int = 1,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.policy = policy
        self.nodeGrace = nodeGrace.microseconds
        self.random = random
        window = OrderedWindow(
            capacity: windowCapacity, keyCapacity: max(16, windowCapacity / 8), byteCapacity: windowBytes, depth: laneWindow)
    }

    var nextDeadline: Int64? {
        var next = waiting.next
        if let expiry = expiries.next { next = min(next ?? expiry, expiry) }
        if let wakeUp = wakeUps.next { next = min(next ?? wakeUp, wakeUp) }
        return next
    }
    /// Everything is settled, and marked, that could be sent before that time.
    func isDrained(before time: Int64) -> Bool {
        unmarked.isEmpty && window.isAtRest && (wakeUps.next ?? .max) > time
    }
    func isUnmarked(_ id: Int64) -> Bool { unmarked.contains(id) }
    /// Commands in memory: others may change them in the file.
    var known: [Int64] { window.confirmedIDs }
    private func isUnderWay(_ id: Int64) -> Bool { inFlight[id] != nil || noting.contains(id) }
    private static var goneLimit: Int { 16_384 }

    // MARK: The file

    /// Somebody else changed commands, or a transaction was rolled back.
    mutating func lookAgain() {
        resting.removeAll()
        wakeUps = Timeline()
        window.wakeAll()
        window.lookAgain(above: 0)
    }

    // MARK: Coming in

    /// A command that was just added to the file.
    ///
    /// - Returns: whether it is in memory; otherwise it is found in the file when its time comes.
    mutating func append(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Bool {
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
        guard item.availableAt - now > Self.longWait, !isUnderWay(id) else {
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
        if !gone.isEmpty { gone[client] = nil }
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

    /// Commands ended in the file; what rests behind one of them need not.
    mutating func endedInFile() {
        if !resting.isEmpty { lookAgain() }
    }

    /// The command and what comes after it in its lanes wait in the file; what is under way keeps its place.
    private mutating func rest(_ id: Int64, _ item: OutgoingCommand) {
        let key = item.keys.first ?? .nobody
        for (other, _) in window.rest(key, from: id, except: isBusy) { releaseHeld(by: other) }
        if !isUnderWay(id) { leave(id) }
        // The earliest counts: whoever waits longer is met again then, and rests anew.
        let wakeUp = min(item.availableAt, resting[key] ?? .max)
        guard resting[key] != wakeUp else { return }
        resting[key] = wakeUp
        wakeUps.add(key, at: wakeUp)
    }

    private var isBusy: (Int64) -> Bool {
        { [inFlight, noting] in inFlight[$0] != nil || noting.contains($0) }
    }

    /// The keys under which a fresh row takes its place; one that rests alone takes none.
    private func restKeys(_ item: OutgoingCommand, now: Int64) -> OrderKeys {
        item.availableAt - now > Self.longWait && item.keys.first == nil ? OrderKeys(.nobody) : item.keys
    }

    // MARK: Nodes

    mutating func directoryKnown() {
        isDirectoryKnown = true
        wakeStalled()
    }

    mutating func nodeListed(_ id: String) {
        listed.insert(id)
        missingSince[id] = nil
    }

    /// The id left the center's list: it may come back within the grace period.
    mutating func nodeMissing(_ id: String, now: Int64) {
        listed.remove(id)
        missingSince[id] = now
        wakeStalled()
    }

    /// Another id listens at its address: it will not come back.
    ///
    /// A connection is often open again before the center tells the new id, and what was popped over it still names the old one. So
    /// calls go on to the successor: it has the clients of its own time and refuses those of the old one's.
    mutating func nodeReplaced(_ id: String, by successor: String) {
        listed.remove(id)
        successors[successor] = nil  // it is alive; an id that came back would close a circle
        successors[id] = successor
        nodeListed(successor)
        wakeStalled()
    }

    mutating func connected(_ node: String, takesOnlyMesh: Bool = false) {
        routes[node] = Route(takesOnlyMesh: takesOnlyMesh)
        wakeStalled()
    }

    mutating func disconnected(_ node: String) {
        routes[node] = nil
    }

    // MARK: Sending

    /// Commands to send now, in order.
    mutating func nextSends(now: Int64, limit: Int = 1_024) -> (sends: [Sending], changes: [Change]) {
        var sends: [Sending] = []
        var changes = takeFollowUps()
        while sends.count < limit, let (id, item) = window.nextReady() {
            guard !isUnderWay(id) else { continue }
            if let change = end(id, item, now: now) {
                changes.append(change)
                continue
            }
            if item.availableAt > now {
                waiting.add(id, at: item.availableAt)
                continue
            }
            switch routeInLane(id, item, now: now) {
            case .over(let node):
                guard item.onlyWrite != .notBegun else {
                    noting.insert(id)
                    changes.append(.writing(id: id))
                    continue
                }
                routes[node]?.inFlight += 1
                inFlight[id] = node
                sends.append(Sending(id: id, command: item.command, node: node))
                releaseHeld(by: id)
            case .hold(let earlier):
                held[earlier, default: []].append(id)
            case .wait(let until):
                if item.onlyWrite == .noted { changes.append(unnote(id, item, "no node to write it to")) }
                stalled.append(id)
                if stalled.count > 2 * window.count + 1_024 { stalled.removeAll { !window.contains($0) } }
                if let until { waiting.add(id, at: until) }
            case .dead(let reason):
                changes.append(bury(id, item, code: nil, reason: reason))
            }
        }
        return (sends, changes)
    }

    /// - Returns: commands whose time has run out.
    mutating func tick(now: Int64) -> [Change] {
        while let key = wakeUps.popDue(now: now) {
            // A time that was put off meanwhile has a wake-up of its own.
            guard let time = resting[key], time <= now else { continue }
            resting[key] = nil
            window.wake(key)
        }
        var due: Set<Int64> = []
        while let id = waiting.popDue(now: now) { due.insert(id) }
        if !due.isEmpty {
            stalled.removeAll { due.contains($0) }
            for id in due.sorted() where !isUnderWay(id) { window.makeReady(id) }
        }
        var changes: [Change] = []
        while let id = expiries.popDue(now: now) {
            // One that is under way is looked at when its outcome is known.
            guard !isUnderWay(id), let item = window[id], item.hasExpired(now: now) else { continue }
            changes.append(expire(id, item))
        }
        return changes
    }

    /// The wall clock was set, and says `now`: what is left of a wait stays. Times that users gave mean the wall clock.
    mutating func clockJumped(by jump: Int64, now: Int64) {
        for node in missingSince.keys { missingSince[node]? += jump }
        for client in gone.keys { gone[client]?.until += jump }
        waiting = Timeline()
        stalled = []
        for id in window.confirmedIDs {
            window[id]?.sticksTo?.until += jump
            if jump < 0, let item = window[id], item.attempts > 0, item.availableAt > now {
                window[id]?.availableAt = max(now, item.availableAt + jump)
            }
            if !isUnderWay(id) { window.makeReady(id) }
        }
    }

    // MARK: Outcomes

    mutating func replied(_ id: Int64, _ outcome: Reply.Outcome, now: Int64) -> Change? {
        guard let node = land(id), var item = window[id] else { return nil }
        guard ended.remove(id) == nil else { return dropped(id) }
        item.writes += 1
        item.attempts += 1
        item.sticksTo = nil
        if item.onlyWrite != nil { item.onlyWrite = .notBegun }  // what was answered is certain
        switch outcome {
        case .success(let result) where result.success != false:
            return succeed(id, item, result, node: node)
        case .success:
            return fail(id, item, EngineErrorCode(rawValue: 0), "the answer says no", node: node, now: now)
        case .failure(let code, let message):
            return fail(id, item, code, message, node: node, now: now)
        }
    }

    /// Written, and no answer: sent again, the attempts unchanged, unless it may be written only once or its time has run out.
    mutating func unanswered(_ id: Int64, reason: String, now: Int64) -> Change? {
        guard let node = land(id), var item = window[id] else { return nil }
        guard ended.remove(id) == nil else { return dropped(id) }
        item.writes += 1
        let what = "no answer from node \(node): \(reason)"
        guard item.onlyWrite == nil else { return settle(id, item, .unknown, node: node, error: what) }
        guard !item.hasExpired(now: now) else { return expire(id, item) }
        if item.sticksTo?.node != node { item.sticksTo = (node, now + stickiness) }
        window[id] = item
        window.makeReady(id)
        releaseHeld(by: id)
        return .postponed(id: id, item, code: nil, error: what)
    }

    /// Never written: as if it had not been tried.
    mutating func notWritten(_ id: Int64) -> Change? {
        guard let node = land(id), let item = window[id] else { return nil }
        guard ended.remove(id) == nil else { return dropped(id) }
        window.makeReady(id)
        releaseHeld(by: id)
        return item.onlyWrite == .noted ? unnote(id, item, "node \(node) did not take it") : nil
    }

    /// It was noted as written, and was not.
    private mutating func unnote(_ id: Int64, _ item: OutgoingCommand, _ why: String) -> Change {
        var item = item
        item.onlyWrite = .notBegun
        window[id] = item
        return .postponed(id: id, item, code: nil, error: "not written: \(why)")
    }

    private mutating func dropped(_ id: Int64) -> Change? {
        leave(id)
        return nil
    }

    /// The mark of a settled command is committed.
    mutating func marked(_ id: Int64) {
        unmarked.remove(id)
    }

    /// The file knows that the command is about to be written; or somebody else has ended it there.
    mutating func noted(_ id: Int64, isWaiting: Bool) {
        guard noting.remove(id) != nil else { return }
        guard ended.remove(id) == nil, isWaiting else { return leave(id) }
        window[id]?.onlyWrite = .noted
        window.makeReady(id)
    }

    mutating func takeFollowUps() -> [Change] {
        guard !followUps.isEmpty else { return [] }
        defer { followUps = [] }
        return followUps
    }

    // MARK: -

    private mutating func land(_ id: Int64) -> String? {
        guard let node = inFlight.removeValue(forKey: id) else { return nil }
        routes[node]?.inFlight -= 1
        return node
    }

    private mutating func leave(_ id: Int64) {
        window.remove(id)
        releaseHeld(by: id)
    }

    private mutating func releaseHeld(by id: Int64) {
        guard !held.isEmpty, let waiting = held.removeValue(forKey: id) else { return }
        for id in waiting where !isUnderWay(id) { window.makeReady(id) }
    }

    /// What ends a command that is ready before it is routed.
    private mutating func end(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Change? {
        if item.onlyWrite == .uncertain {
            return settle(id, item, .unknown, node: nil, error: "the process ended before an answer was written down")
        }
        if item.hasExpired(now: now) { return expire(id, item) }
        if !gone.isEmpty, let client = item.command.client?.text, let known = gone[client], now < known.until {
            return bury(id, item, code: nil, reason: "client gone (command \(known.found) found out)")
        }
        return nil
    }

    private mutating func expire(_ id: Int64, _ item: OutgoingCommand) -> Change {
        settle(id, item, .expired, node: nil, error: OutgoingCommand.expiry(writes: item.writes))
    }

    private mutating func settle(
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

    /// The client's connection is gone for certain: its other commands need not be tried.
    private mutating func clientGone(_ client: ClientID?, found id: Int64, now: Int64) {
        guard policy.buriesCommandsOfGoneClients, let client else { return }
        let isKnown = gone.updateValue((id, now + Self.goneTime), forKey: client.text) != nil
        if isKnown { return }
        goneInOrder.append(client.text)
        if goneInOrder.count > Self.goneLimit { gone[goneInOrder.removeFirst()] = nil }
        for other in window.rows(of: .client(client.text)) where window.isConfirmed(other) && !isUnderWay(other) {
            guard let item = window[other], item.command.client?.text == client.text else { continue }
            followUps.append(bury(other, item, code: nil, reason: "client gone (command \(id) found out)"))
        }
    }

    private mutating func succeed(
        _ id: Int64, _ item: OutgoingCommand, _ result: EngineResult, node: String
    ) -> Change {
        leave(id)
        unmarked.insert(id)
        var settlement = Settlement(state: .sent, attempts: item.attempts, writes: item.writes, node: node)
        if case .publish = item.command.kind {
            settlement.delivered = result.delivered
            settlement.failed = result.failed
        }
        let isPlain = settlement.delivered == nil && settlement.failed == nil && item.node == node
        return .sent(id: id, atFirstTry: isPlain && item.attempts == 1 && item.writes == 1, settlement)
    }

    private mutating func fail(
        _ id: Int64, _ item: OutgoingCommand, _ code: EngineErrorCode, _ message: String, node: String, now: Int64
    ) -> Change {
        var item = item
        let isOwner = item.node.map(currentID) == node
        let verdict = policy.verdict(
            code, message: message, kind: item.command.kind, attempts: item.attempts, isOwner: isOwner, using: &random)
        switch verdict {
        case .dead(let reason):
            let isGone = isOwner && item.node != node && code == .callFailed
            let why = isGone ? "node gone (\(item.node ?? "") restarted as \(node), which does not have the client)" : reason
            let change = bury(id, item, code: code.rawValue, reason: why)
            if code == .sendFailed || code == .callFailed && isOwner { clientGone(item.command.client, found: id, now: now) }
            return change
        case .retry(let pause):
            item.availableAt = now + pause.microseconds
            window[id] = item
            if pause.microseconds > Self.longWait {
                // The change is written before the file is read for it again.
                rest(id, item)
            } else {
                waiting.add(id, at: item.availableAt)
            }
            releaseHeld(by: id)
            return .postponed(
                id: id, item, code: code.rawValue, error: "node \(node): error \(code) \(message.prefix(500))")
        case .askNextNode:
            item.asked.insert(node)
            guard listed.union(routes.keys).isSubset(of: item.asked) else {
                window[id] = item
                window.makeReady(id)
                releaseHeld(by: id)
                return .postponed(
                    id: id, item, code: code.rawValue, error: "node \(node) does not have the client (error \(code))")
            }
            let change = bury(
                id, item, code: code.rawValue, reason: "client gone (no node has it; error \(code))")
            clientGone(item.command.client, found: id, now: now)
            return change
        }
    }

    private mutating func bury(_ id: Int64, _ item: OutgoingCommand, code: Int64?, reason: String) -> Change {
        settle(id, item, .dead, node: nil, code: code, error: reason)
    }

    /// Behind commands of its lane that are in flight it goes over the same connection, or waits.
    private mutating func routeInLane(_ id: Int64, _ item: OutgoingCommand, now: Int64) -> Routing {
        var nodes: Set<String> = []
        for earlier in window.predecessors(of: id) {
            guard let node = inFlight[earlier] else { return .hold(earlier) }
            nodes.insert(node)
        }
        let routing = route(item, now: now)
        guard case .over(let chosen) = routing, let node = nodes.first else { return routing }
        if nodes.count == 1, chosen == node { return routing }
        // A mesh command may go anywhere, so it goes where those before it went.
        if nodes.count == 1, !item.command.kind.isCall, item.requiredNode == nil, takes(node, item.command.kind) {
            return .over(node)
        }
        return .hold(window.predecessors(of: id).last ?? id)
    }

    private mutating func route(_ item: OutgoingCommand, now: Int64) -> Routing {
        if case .call = item.command.kind {
            guard let owner = item.node else {
                if let next = leastLoaded(except: item.asked, for: item.command.kind) { return .over(next) }
                // Whoever was left to ask is gone.
                let isAsked = !item.asked.isEmpty && listed.union(routes.keys).isSubset(of: item.asked)
                return isAsked ? .dead(reason: "client gone (no node has it)") : .wait(until: nil)
            }
            return routeToOwner(owner, for: item.command.kind, now: now)
        }
        if let required = item.requiredNode { return routeToOwner(required, for: item.command.kind, now: now) }
        if let sticky = item.sticksTo, sticky.until > now, successors[sticky.node] == nil {
            return takes(sticky.node, item.command.kind) ? .over(sticky.node) : .wait(until: sticky.until)
        }
        // A node that gave no answer for so long is left to others, where there are any.
        if let silent = item.sticksTo?.node, let other = leastLoaded(except: [silent], for: item.command.kind) {
            return .over(other)
        }
        if let preferred = item.node, takes(preferred, item.command.kind) { return .over(preferred) }
        return leastLoaded(except: [], for: item.command.kind).map { .over($0) } ?? .wait(until: nil)
    }

    private mutating func routeToOwner(_ node: String, for kind: Command.Kind, now: Int64) -> Routing {
        let owner = currentID(node)
        if takes(owner, kind) { return .over(owner) }
        guard isDirectoryKnown, !listed.contains(owner) else { return .wait(until: nil) }
        let since = missingSince[owner] ?? now
        missingSince[owner] = since
        guard now < since + nodeGrace else { return .dead(reason: "node gone (\(owner) left the center's list)") }
        return .wait(until: since + nodeGrace)
    }

    /// The id that a node has now.
    private func currentID(_ node: String) -> String {
        var id = node
        while let successor = successors[id] { id = successor }
        return id
    }

    private func takes(_ node: String, _ kind: Command.Kind) -> Bool {
        routes[node].map { !$0.takesOnlyMesh || kind.isMesh } ?? false
    }

    private func leastLoaded(except asked: Set<String>, for kind: Command.Kind) -> String? {
        routes.lazy.filter { !asked.contains($0.key) && (!$0.value.takesOnlyMesh || kind.isMesh) }
            .min { ($0.value.inFlight, $0.key) < ($1.value.inFlight, $1.key) }?.key
    }

    private mutating func wakeStalled() {
        let ids = stalled
        stalled = []
        for id in ids where !isUnderWay(id) { window.makeReady(id) }
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
