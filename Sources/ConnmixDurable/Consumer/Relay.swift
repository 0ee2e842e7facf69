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
    private var gone: [String: Int64] = [:]
    private var goneInOrder: Deque<String> = []
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
        guard let expiry = expiries.next else { return waiting.next }
        return min(expiry, waiting.next ?? expiry)
    }
    /// Everything that was known is settled, and marked.
    var isIdle: Bool { window.isEmpty && unmarked.isEmpty }
    func isUnmarked(_ id: Int64) -> Bool { unmarked.contains(id) }
    /// Commands in the window that nothing is under way for: others may change them in the file.
    var idle: [Int64] { window.confirmedIDs.filter { !isUnderWay($0) } }
    private func isUnderWay(_ id: Int64) -> Bool { inFlight[id] != nil || noting.contains(id) }
    private static var goneLimit: Int { 16_384 }

    // MARK: Coming in

    /// A command that was just added to the file.
    mutating func append(_ id: Int64, _ item: OutgoingCommand) -> Bool {
        guard window.append(id, keys: item.keys, bytes: item.bytes, item) == .taken else { return false }
        if let expiresAt = item.expiresAt { expiries.add(id, at: expiresAt) }
        return true
    }

    /// A command of the file, in the order of ids.
    mutating func load(_ id: Int64, _ item: OutgoingCommand) -> OrderedWindow<OutgoingCommand>.Admission {
        // Answered, perhaps while the file was read: still pending there, and not to be sent again.
        guard !unmarked.contains(id) else {
            window.passed(id)
            return .known
        }
        let admission = window.load(id, keys: item.keys, bytes: item.bytes, item)
        if admission == .taken, let expiresAt = item.expiresAt { expiries.add(id, at: expiresAt) }
        return admission
    }

    /// What somebody else changed: it may be sent earlier or later than before.
    mutating func refresh(_ id: Int64, attempts: Int, availableAt: Int64) {
        guard let item = window[id], !isUnderWay(id) else { return }
        window[id]?.attempts = attempts
        guard item.availableAt != availableAt else { return }
        window[id]?.availableAt = availableAt
        window.makeReady(id)
    }

    /// Somebody else ended a command that nothing was under way for.
    mutating func drop(_ id: Int64) {
        guard !isUnderWay(id) else { return }
        leave(id)
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

    mutating func connected(_ node: String) {
        routes[node] = Route()
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
                stalled.append(id)
                if let until { waiting.add(id, at: until) }
            case .dead(let reason):
                changes.append(bury(id, item, code: nil, reason: reason))
            }
        }
        return (sends, changes)
    }

    /// - Returns: commands whose time has run out.
    mutating func tick(now: Int64) -> [Change] {
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

    // MARK: Outcomes

    mutating func replied(_ id: Int64, _ outcome: Reply.Outcome, now: Int64) -> Change? {
        guard let node = land(id), var item = window[id] else { return nil }
        item.writes += 1
        item.attempts += 1
        item.firstAnswerAt = item.firstAnswerAt ?? now
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
        item.writes += 1
        let what = "no answer from node \(node): \(reason)"
        guard item.onlyWrite == nil else { return settle(id, item, .unknown, node: node, error: what) }
        guard !item.hasExpired(now: now) else { return expire(id, item) }
        item.sticksTo = (node, now + stickiness)
        window[id] = item
        window.makeReady(id)
        releaseHeld(by: id)
        return .postponed(id: id, item, code: nil, error: what)
    }

    /// Never written: as if it had not been tried.
    mutating func notWritten(_ id: Int64) {
        guard land(id) != nil else { return }
        window.makeReady(id)
        releaseHeld(by: id)
    }

    /// The mark of a settled command is committed.
    mutating func marked(_ id: Int64) {
        unmarked.remove(id)
    }

    /// The file knows that the command is about to be written; or somebody else has ended it there.
    mutating func noted(_ id: Int64, isWaiting: Bool) {
        guard noting.remove(id) != nil else { return }
        guard isWaiting else { return leave(id) }
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
        if !gone.isEmpty, let client = item.command.client?.text, let found = gone[client] {
            return bury(id, item, code: nil, reason: "client gone (command \(found) found out)")
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
                state: state, attempts: item.attempts, writes: item.writes, node: node, code: code, error: error))
    }

    /// The client's connection is gone for certain: its other commands need not be tried.
    private mutating func clientGone(_ client: ClientID?, found id: Int64) {
        guard policy.buriesCommandsOfGoneClients, let client, gone[client.text] == nil else { return }
        gone[client.text] = id
        goneInOrder.append(client.text)
        if goneInOrder.count > Self.goneLimit { gone[goneInOrder.removeFirst()] = nil }
        for other in window.rows(of: .client(client.text)) where !isUnderWay(other) {
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
            if code == .sendFailed || code == .callFailed && isOwner { clientGone(item.command.client, found: id) }
            return change
        case .retry(let pause):
            item.availableAt = now + pause.microseconds
            window[id] = item
            waiting.add(id, at: item.availableAt)
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
            clientGone(item.command.client, found: id)
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
        if nodes.count == 1, !item.command.kind.isCall, item.requiredNode == nil, isConnected(node) { return .over(node) }
        return .hold(window.predecessors(of: id).last ?? id)
    }

    private mutating func route(_ item: OutgoingCommand, now: Int64) -> Routing {
        if case .call = item.command.kind {
            guard let owner = item.node else {
                if let next = leastLoaded(except: item.asked) { return .over(next) }
                // Whoever was left to ask is gone.
                let isAsked = !item.asked.isEmpty && listed.union(routes.keys).isSubset(of: item.asked)
                return isAsked ? .dead(reason: "client gone (no node has it)") : .wait(until: nil)
            }
            return routeToOwner(owner, now: now)
        }
        if let required = item.requiredNode { return routeToOwner(required, now: now) }
        if let sticky = item.sticksTo, sticky.until > now, successors[sticky.node] == nil {
            return isConnected(sticky.node) ? .over(sticky.node) : .wait(until: sticky.until)
        }
        if let preferred = item.node, isConnected(preferred) { return .over(preferred) }
        return leastLoaded(except: []).map { .over($0) } ?? .wait(until: nil)
    }

    private mutating func routeToOwner(_ node: String, now: Int64) -> Routing {
        let owner = currentID(node)
        if isConnected(owner) { return .over(owner) }
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

    private func isConnected(_ node: String) -> Bool {
        routes[node] != nil
    }

    private func leastLoaded(except asked: Set<String>) -> String? {
        routes.lazy.filter { !asked.contains($0.key) }
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
