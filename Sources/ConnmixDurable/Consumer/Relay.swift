/// Decides which command goes out next, and where to. Pure.
///
/// A command leaves after the earlier unsettled ones of its lane and of its target (promise P5), over a connection that the
/// routing rules allow: mesh commands over any node, calls only over the node that holds the client.
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
    }

    private enum Routing {
        case over(String)
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
    private var waiting = Timeline()
    /// Ready, but without a connection that would do.
    private var stalled: [Int64] = []

    init(
        policy: CommandRetryPolicy, nodeGrace: Duration, windowCapacity: Int,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.policy = policy
        self.nodeGrace = nodeGrace.microseconds
        self.random = random
        window = OrderedWindow(capacity: windowCapacity, keyCapacity: max(16, windowCapacity / 8))
    }

    var nextDeadline: Int64? { waiting.next }
    /// Everything that was known is settled, and marked.
    var isIdle: Bool { window.isEmpty && unmarked.isEmpty }
    func isUnmarked(_ id: Int64) -> Bool { unmarked.contains(id) }

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
        var changes: [Change] = []
        while sends.count < limit, let (id, item) = window.nextReady() {
            guard inFlight[id] == nil else { continue }
            if item.availableAt > now {
                waiting.add(id, at: item.availableAt)
                continue
            }
            switch route(item, now: now) {
            case .over(let node):
                routes[node]?.inFlight += 1
                inFlight[id] = node
                sends.append(Sending(id: id, command: item.command, node: node))
            case .wait(let until):
                stalled.append(id)
                if let until { waiting.add(id, at: until) }
            case .dead(let reason):
                changes.append(bury(id, item, code: nil, reason: reason))
            }
        }
        return (sends, changes)
    }

    mutating func tick(now: Int64) {
        var due: Set<Int64> = []
        while let id = waiting.popDue(now: now) { due.insert(id) }
        guard !due.isEmpty else { return }
        stalled.removeAll { due.contains($0) }
        for id in due.sorted() where inFlight[id] == nil { window.makeReady(id) }
    }

    // MARK: Outcomes

    mutating func replied(_ id: Int64, _ outcome: Reply.Outcome, now: Int64) -> Change? {
        guard let node = land(id), var item = window[id] else { return nil }
        item.writes += 1
        item.attempts += 1
        item.firstAnswerAt = item.firstAnswerAt ?? now
        switch outcome {
        case .success(let result) where result.success != false:
            return succeed(id, item, result, node: node)
        case .success:
            return fail(id, item, EngineErrorCode(rawValue: 0), "the answer says no", node: node, now: now)
        case .failure(let code, let message):
            return fail(id, item, code, message, node: node, now: now)
        }
    }

    /// Written, and no answer: sent again, the attempts unchanged.
    mutating func unanswered(_ id: Int64, reason: String, now: Int64) -> Change? {
        guard let node = land(id), var item = window[id] else { return nil }
        item.writes += 1
        item.sticksTo = (node, now + stickiness)
        window[id] = item
        window.makeReady(id)
        return .postponed(id: id, item, code: nil, error: "no answer from node \(node): \(reason)")
    }

    /// Never written: as if it had not been tried.
    mutating func notWritten(_ id: Int64) {
        guard land(id) != nil else { return }
        window.makeReady(id)
    }

    /// The mark of a settled command is committed.
    mutating func marked(_ id: Int64) {
        unmarked.remove(id)
    }

    // MARK: -

    private mutating func land(_ id: Int64) -> String? {
        guard let node = inFlight.removeValue(forKey: id) else { return nil }
        routes[node]?.inFlight -= 1
        return node
    }

    private mutating func succeed(
        _ id: Int64, _ item: OutgoingCommand, _ result: EngineResult, node: String
    ) -> Change {
        window.remove(id)
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
            return bury(id, item, code: code.rawValue, reason: why)
        case .retry(let pause):
            item.availableAt = now + pause.microseconds
            window[id] = item
            waiting.add(id, at: item.availableAt)
            return .postponed(
                id: id, item, code: code.rawValue, error: "node \(node): error \(code) \(message.prefix(500))")
        case .askNextNode:
            item.asked.insert(node)
            guard listed.union(routes.keys).isSubset(of: item.asked) else {
                window[id] = item
                window.makeReady(id)
                return .postponed(
                    id: id, item, code: code.rawValue, error: "node \(node) does not have the client (error \(code))")
            }
            return bury(id, item, code: code.rawValue, reason: "client gone (no node has it; error \(code))")
        }
    }

    private mutating func bury(_ id: Int64, _ item: OutgoingCommand, code: Int64?, reason: String) -> Change {
        window.remove(id)
        unmarked.insert(id)
        let settlement = Settlement(
            state: .dead, attempts: item.attempts, writes: item.writes, node: nil, code: code, error: reason)
        return .settled(id: id, settlement)
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
        if let sticky = item.sticksTo, sticky.until > now, successors[sticky.node] == nil {
            return takes(sticky.node, item.command.kind) ? .over(sticky.node) : .wait(until: sticky.until)
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
        for id in ids where inFlight[id] == nil { window.makeReady(id) }
    }
}

extension Relay.Change {
    var id: Int64 {
        switch self {
        case .sent(let id, _, _), .settled(let id, _), .postponed(let id, _, _, _): id
        }
    }
}
