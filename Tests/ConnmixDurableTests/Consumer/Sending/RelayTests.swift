import Testing
import TestSupport

@testable import ConnmixDurable

/// In scripts nodes come and go at the beginning of time, and answers come over the connection that the command went.
extension Relay {
    mutating func nodeListed(_ id: String) { nodeListed(id, now: 0) }
    mutating func nodeReplaced(_ id: String, by successor: String) { nodeReplaced(id, by: successor, now: 0) }
    mutating func connected(_ id: String, takesOnlyMesh: Bool = false) { connected(id, takesOnlyMesh: takesOnlyMesh, now: 0) }
    mutating func disconnected(_ id: String) { disconnected(id, now: 0) }
    mutating func replied(_ id: Int64, _ outcome: Reply.Outcome, now: Int64) -> Change? {
        replied(id, outcome, node: flights[id]?.node ?? "n1", now: now)
    }
    mutating func notWritten(_ id: Int64) -> Change? { notWritten(id, node: flights[id]?.node ?? "n1", now: 0) }
    /// The connection ended, and it is clear why: no command did it.
    mutating func lost(_ id: Int64, now: Int64) -> Change? {
        lost(id, Disconnection(cause: .wanted, reason: "reset"), node: flights[id]?.node ?? "n1", now: now)
    }
}

@Suite("the relay")
struct RelayTests {
    private func make(
        _ commands: [OutgoingCommand], nodes: [String] = ["n1", "n2"], policy: CommandRetryPolicy = CommandRetryPolicy(),
        laneWindow: Int = 1
    ) -> Relay {
        var relay = Relay(
            policy: policy, nodeGrace: .seconds(30), windowCapacity: 1_000, laneWindow: laneWindow,
            random: SeededGenerator(seed: 1))
        for (index, command) in commands.enumerated() {
            _ = relay.load(Int64(index + 1), command, now: 0)
            relay.confirm(Int64(index + 1))
        }
        relay.window.passEnded()
        relay.directoryKnown()
        for node in nodes {
            relay.nodeListed(node)
            relay.connected(node)
        }
        return relay
    }

    private func send(_ client: String, node: String? = "n1", lane: String? = nil) throws -> OutgoingCommand {
        OutgoingCommand(command: try .meshSend(to: ClientID(client), "x"), node: node, lane: lane, availableAt: 0)
    }

    private func call(_ client: String, node: String? = "n1", lane: String? = nil) throws -> OutgoingCommand {
        OutgoingCommand(command: try .subscribe(ClientID(client), to: ["r"]), node: node, lane: lane, availableAt: 0)
    }

    private func publish(_ channel: String, lane: String? = nil) throws -> OutgoingCommand {
        OutgoingCommand(command: try .meshPublish(to: channel, "x"), node: "n1", lane: lane, availableAt: 0)
    }

    private let ok = Reply.Outcome.success(EngineResult(success: true, json: "{}"))

    private func sent(_ relay: inout Relay, now: Int64 = 0) -> [String] {
        relay.nextSends(now: now).sends.map { "\($0.id)@\($0.node)" }
    }

    private func state(_ change: Relay.Change?) -> CommandState? {
        switch change {
        case .sent(_, _, let settlement), .settled(_, let settlement): settlement.state
        case .postponed, .writing: .pending
        case nil: nil
        }
    }

    @Test("P7: while nothing can be committed, one change a command is kept, the last one, in order")
    func longTrouble() throws {
        var relay = make([try send("a"), try send("b")])
        var kept: [Relay.Change] = []
        var now: Int64 = 0
        for _ in 0..<200 {
            now += 60_000_000
            kept += relay.tick(now: now)
            let (sends, changes) = relay.nextSends(now: now)
            kept += changes
            for send in sends {
                if let change = relay.lost(send.id, now: now) { kept.append(change) }
            }
            kept = ConsumerCore.newest(kept)
            #expect(kept.count == 2)
        }
        for send in relay.nextSends(now: now + 60_000_000).sends {
            if let change = relay.replied(send.id, ok, now: now) { kept.append(change) }
        }
        kept = ConsumerCore.newest(kept)
        #expect(kept.map(\.id) == [1, 2])
        #expect(kept.allSatisfy { $0.settlement(of: $0.id)?.writes == 201 })
    }

    @Test("P5: what one handler issues leaves in its order, and so does what goes to one target")
    func order() throws {
        var relay = make([
            try call("a"), try publish("r", lane: "a"), try send("a"), try send("b"), try publish("r", lane: "b"),
        ])
        #expect(sent(&relay) == ["1@n1", "4@n1"])
        #expect(state(relay.replied(1, ok, now: 0)) == .sent)
        #expect(sent(&relay) == ["2@n1"])
        #expect(state(relay.replied(4, ok, now: 0)) == .sent)
        #expect(sent(&relay) == [])  // 5 waits for 2, its channel's earlier one
        #expect(state(relay.replied(2, ok, now: 0)) == .sent)
        #expect(sent(&relay) == ["3@n1", "5@n1"])
    }

    private func nodes(_ relay: inout Relay) -> [String] { relay.nextSends(now: 0).sends.map(\.node) }

    @Test("mesh commands prefer the message's node, whatever it has to do, as long as it has room")
    func meshPrefersItsNode() throws {
        var relay = make(try (0..<300).map { try send("c\($0)", node: "n2") }, nodes: ["n1", "n2", "n3"])
        let first = nodes(&relay)
        #expect(first.count == 300)
        #expect(first.prefix(256).allSatisfy { $0 == "n2" }, "a fresh connection takes 256")
        #expect(first.dropFirst(256).count { $0 == "n1" } == 22, "the others share what it has no room for")
        #expect(first.dropFirst(256).count { $0 == "n3" } == 22)
    }

    @Test(
        "mesh commands without a node, or whose node is away, go to the least loaded one, and so spread",
        arguments: [nil, "gone"])
    func meshSpreads(node: String?) throws {
        let busy = try [send("a", node: "n1"), send("b", node: "n1"), send("c", node: "n3")]
        var relay = make(busy + (try (0..<6).map { try send("d\($0)", node: node) }), nodes: ["n1", "n2", "n3"])
        #expect(nodes(&relay) == ["n1", "n1", "n3", "n2", "n2", "n3", "n1", "n2", "n3"])
        // What has landed makes its node the least loaded.
        for id in [4, 5, 8] as [Int64] { #expect(state(relay.replied(id, ok, now: 0)) == .sent) }
        for (id, client) in [(10, "x"), (11, "y"), (12, "z")] as [(Int64, String)] {
            let isTaken = try relay.append(id, send(client, node: node), now: 0)
            #expect(isTaken)
            relay.confirm(id)
        }
        #expect(nodes(&relay) == ["n2", "n2", "n2"])
    }

    @Test("no mesh command goes to a node that is not connected, preferred or not, and all wait where none is")
    func meshLeavesDeadNodes() throws {
        var relay = make(
            try [send("a"), send("b", node: "n2"), send("c", node: nil), send("d", node: "n4")], nodes: ["n1", "n2", "n3"])
        relay.nodeListed("n4")
        relay.disconnected("n1")
        relay.disconnected("n3")
        #expect(nodes(&relay) == ["n2", "n2", "n2", "n2"])
        for id in 1...4 as ClosedRange<Int64> { #expect(state(relay.replied(id, ok, now: 0)) == .sent) }
        relay.disconnected("n2")
        _ = try relay.append(5, send("a"), now: 0)
        relay.confirm(5)
        #expect(nodes(&relay) == [])
        relay.connected("n3")
        #expect(sent(&relay) == ["5@n3"])
    }

    @Test("calls go to the owning node only, and wait for it")
    func callRouting() throws {
        var relay = make([try call("a", node: "n1")], nodes: ["n2"])
        relay.nodeListed("n1")
        #expect(sent(&relay) == [])
        relay.connected("n1")
        #expect(sent(&relay) == ["1@n1"])
    }

    @Test("calls for a node that restarted go to its successor, whose refusal is final")
    func replaced() throws {
        var relay = make([try call("a", node: "n3"), try call("b", node: "n3")], nodes: ["n2"])
        relay.nodeReplaced("n3", by: "n4")
        #expect(sent(&relay) == [])
        relay.connected("n4")
        #expect(sent(&relay) == ["1@n4", "2@n4"])
        guard case .settled(1, let settlement)? = relay.replied(1, .failure(.callFailed, message: ""), now: 0) else {
            return #expect(Bool(false))
        }
        #expect(settlement.error == "node gone (n3 restarted as n4, which does not have the client)")
        // Popped before the center told the new id: it is the successor's client.
        #expect(state(relay.replied(2, ok, now: 0)) == .sent)
    }

    @Test("ids that replace each other in a circle are followed to the one that listens")
    func circle() throws {
        var relay = make([try call("a", node: "n1")], nodes: [])
        relay.nodeReplaced("n1", by: "n2")
        relay.nodeReplaced("n2", by: "n1")
        relay.connected("n1")
        #expect(sent(&relay) == ["1@n1"])
    }

    @Test("a node that is missing from the center is gone after the grace time")
    func nodeGone() throws {
        var missing = make([try call("a", node: "n3")], nodes: ["n2"])
        #expect(missing.nextSends(now: 0).changes.isEmpty)
        #expect(missing.nextDeadline == 1_000_000)
        _ = missing.tick(now: 1_000_000)
        #expect(missing.nextSends(now: 1_000_000).changes.isEmpty)
        #expect(missing.window.count == 0)  // it waits in the file
        #expect(missing.nextDeadline == 30_000_000)
        _ = missing.tick(now: 29_999_999)
        let early = missing.window.wantsPass()
        #expect(!early)
        _ = missing.tick(now: 30_000_000)
        #expect(missing.window.nextPass(limit: 1)?.after == 0)
        _ = missing.load(1, try call("a", node: "n3"), now: 30_000_000)
        missing.confirm(1)
        #expect(state(missing.nextSends(now: 30_000_000).changes.first) == .dead)
    }

    @Test("P4: a lost connection uses up no attempt, and the same node is preferred for a while")
    func lostConnection() throws {
        var relay = make([try send("a")])
        for round in 0..<50 {
            let now = Int64(round) * 1_000
            #expect(sent(&relay, now: now) == ["1@n1"])
            guard case .postponed(1, let item, _, _)? = relay.lost(1, now: now) else {
                return #expect(Bool(false))
            }
            #expect(item.attempts == 0)
            #expect(item.writes == round + 1)
            relay.disconnected("n1")
            #expect(sent(&relay, now: now) == [])  // not over n2: order, fewer repeats
            relay.connected("n1")
        }
        relay.disconnected("n1")
        let later: Int64 = 49_000 + 5_000_000
        _ = relay.tick(now: later)
        #expect(sent(&relay, now: later) == ["1@n2"])
        guard case .sent(1, let atFirstTry, let settlement)? = relay.replied(1, ok, now: later) else {
            return #expect(Bool(false))
        }
        #expect(!atFirstTry)
        #expect(settlement.attempts == 1)
        #expect(settlement.writes == 51)
        #expect(settlement.node == "n2")
    }

    @Test("401 is tried three times, 101 never again, 301 of the owner never again")
    func refusals() throws {
        var relay = make([try send("a"), try send("b"), try call("c")])
        #expect(sent(&relay).count == 3)
        #expect(state(relay.replied(2, .failure(.invalidParameters, message: "bad"), now: 0)) == .dead)
        #expect(state(relay.replied(3, .failure(.callFailed, message: "gone"), now: 0)) == .dead)
        var now: Int64 = 0
        for attempt in 1...3 {
            let change = relay.replied(1, .failure(.sendFailed, message: "gone"), now: now)
            #expect(state(change) == (attempt < 3 ? .pending : .dead))
            now += 700_000
            _ = relay.tick(now: now)
            #expect(sent(&relay, now: now) == (attempt < 3 ? ["1@n1"] : []))
        }
        #expect(relay.window.count == 0)
        #expect(!relay.isDrained(before: 0))  // the marks are not committed
        for id in 1...3 { relay.marked(Int64(id)) }
        #expect(relay.isDrained(before: 0))
    }

    @Test("a client whose node is not known is looked for on every node in turn")
    func askInTurn() throws {
        var relay = make([try call("a", node: nil), try call("b", node: nil)])
        let first = sent(&relay)
        #expect(Set(first) == ["1@n1", "2@n2"])
        #expect(state(relay.replied(1, .failure(.callFailed, message: ""), now: 0)) == .pending)
        #expect(sent(&relay) == ["1@n2"])
        #expect(state(relay.replied(1, .failure(.callFailed, message: ""), now: 0)) == .dead)
        #expect(state(relay.replied(2, ok, now: 0)) == .sent)
    }

    @Test("P4: before the center's first list no node is missing, however long that takes")
    func unknownDirectory() throws {
        var relay = Relay(policy: CommandRetryPolicy(), nodeGrace: .zero, windowCapacity: 100, random: SeededGenerator(seed: 1))
        let command = try call("a", node: "n1")
        _ = relay.window.load(1, keys: command.keys, command)
        relay.window.confirm(1)
        #expect(relay.nextSends(now: 0).changes.isEmpty)
        _ = relay.tick(now: 90_000_000)
        #expect(relay.nextSends(now: 90_000_000).changes.isEmpty)
        relay.directoryKnown()
        #expect(relay.window.nextPass(limit: 1)?.after == 0)
        _ = relay.load(1, command, now: 90_000_000)
        relay.confirm(1)
        #expect(state(relay.nextSends(now: 90_000_000).changes.first) == .dead)
    }

    @Test("a client whose node is not known is given up when the last node that could be asked leaves")
    func lastToAskLeaves() throws {
        var relay = make([try call("a", node: nil)], nodes: ["n1"])
        relay.nodeListed("n2")
        #expect(sent(&relay) == ["1@n1"])
        #expect(state(relay.replied(1, .failure(.callFailed, message: ""), now: 0)) == .pending)
        #expect(sent(&relay) == [])
        relay.nodeMissing("n2", now: 0)
        #expect(state(relay.nextSends(now: 0).changes.first) == .dead)
    }

    @Test("P9: calls for a node that is listed and away leave room for all others")
    func deadNodeQuota() throws {
        var relay = Relay(
            policy: CommandRetryPolicy(), nodeGrace: .seconds(30), windowCapacity: 100, random: SeededGenerator(seed: 1))
        relay.directoryKnown()
        relay.nodeListed("away")
        relay.nodeListed("n1")
        relay.connected("n1")
        var taken: [String: Int] = [:]
        for number in 1...150 {
            let node = number <= 130 ? "away" : "n1"
            let command = try call("c\(number)", node: node)
            if relay.window.load(Int64(number), keys: command.keys, command) == .taken {
                relay.window.confirm(Int64(number))
                taken[node, default: 0] += 1
            }
        }
        #expect(taken == ["away": 12, "n1": 12])
        #expect(sent(&relay).count == 12)
    }

    @Test("a publish keeps its counts, in both dialects")
    func counts() throws {
        var relay = make([try publish("r")])
        _ = sent(&relay)
        let result = EngineResult(success: true, delivered: 5, failed: 1, json: "")
        guard case .sent(1, false, let settlement)? = relay.replied(1, .success(result), now: 0) else {
            return #expect(Bool(false))
        }
        #expect(settlement.delivered == 5)
        #expect(settlement.failed == 1)
    }

    @Test("what was never written is sent again as if it had not been tried")
    func notWritten() throws {
        var relay = make([try send("a")])
        #expect(sent(&relay) == ["1@n1"])
        _ = relay.notWritten(1)
        #expect(sent(&relay) == ["1@n1"])
        guard case .sent(1, true, _)? = relay.replied(1, ok, now: 0) else { return #expect(Bool(false)) }
        if relay.replied(1, ok, now: 0) != nil { #expect(Bool(false), "a second answer was taken") }
        #expect(relay.isUnmarked(1))
    }

    // MARK: Options

    private func send(_ client: String, _ options: (inout CommandOptions) -> Void) throws -> OutgoingCommand {
        let command = try Command.meshSend(to: ClientID(client), "x").with(options)
        return OutgoingCommand(command, NewCommand(command, messageID: nil, node: "n1", lane: nil, now: 0), now: 0)
    }

    private func dead(_ changes: [Relay.Change]) -> [Int64] {
        changes.compactMap { state($0) == .dead ? $0.id : nil }
    }

    @Test("P4: a command whose time runs out is expired, wherever it stands; one in flight when its outcome is known")
    func expiry() throws {
        let short = { (options: inout CommandOptions) in options.expiresAfter = .milliseconds(5) }
        var relay = make([try send("a", short), try send("a", short), try send("b", short), try send("c", node: "n1")])
        #expect(sent(&relay) == ["1@n1", "3@n1", "4@n1"])
        #expect(relay.nextDeadline == 5_000)
        let changes = relay.tick(now: 5_000)
        #expect(changes.map(\.id) == [2])
        #expect(changes.allSatisfy { state($0) == .expired })
        #expect(state(relay.replied(1, ok, now: 6_000)) == .sent)
        guard case .settled(3, let settlement)? = relay.lost(3, now: 6_000) else {
            return #expect(Bool(false))
        }
        #expect(settlement.state == .expired && settlement.writes == 1)
        #expect(settlement.error == "its time ran out; written 1 times and never answered")
        #expect(state(relay.lost(4, now: 6_000)) == .pending)
    }

    @Test("at most once: noted in the file before the only write; unanswered it is unknown, refused it may go again")
    func atMostOnce() throws {
        let once = { (options: inout CommandOptions) in options.delivery = .atMostOnce }
        var relay = make([try send("a", once), try send("b", once), try send("c", once)])
        var (sends, changes) = relay.nextSends(now: 0)
        #expect(sends.isEmpty)
        #expect(changes.map(\.id) == [1, 2, 3])
        #expect(sent(&relay) == [])
        relay.noted(1, isWaiting: true)
        relay.noted(2, isWaiting: true)
        relay.noted(3, isWaiting: false)  // cancelled meanwhile
        #expect(sent(&relay) == ["1@n1", "2@n1"])
        #expect(state(relay.lost(1, now: 0)) == .unknown)
        #expect(state(relay.replied(2, .failure(.sendFailed, message: "gone"), now: 0)) == .pending)
        #expect(sent(&relay) == [])
        _ = relay.tick(now: 1_000_000)
        (sends, changes) = relay.nextSends(now: 1_000_000)
        #expect(sends.isEmpty && changes.map(\.id) == [2])
        relay.noted(2, isWaiting: true)
        #expect(sent(&relay, now: 1_000_000) == ["2@n1"])
        // Surely not written: the file hears that, and of the next try.
        guard case .postponed(2, let item, _, _) = relay.notWritten(2) else { return #expect(Bool(false)) }
        #expect(item.writes == 1)
        #expect(relay.nextSends(now: 1_000_000).changes.map(\.id) == [2])
        relay.noted(2, isWaiting: true)
        #expect(sent(&relay, now: 1_000_000) == ["2@n1"])

        // Begun by a process that died: nobody knows, and it is not written again.
        var command = try send("a", once)
        command.onlyWrite = .uncertain
        var after = make([command])
        let ends = after.nextSends(now: 0)
        #expect(ends.sends.isEmpty)
        #expect(ends.changes.map { state($0) } == [.unknown])
    }

    @Test("notBefore holds its lane; a command without order waits for nothing")
    func notBefore() throws {
        var relay = make([
            try send("a") { $0.notBefore = 100 }, try send("a", node: "n1"), try send("a") { $0.ordering = .none },
        ])
        #expect(sent(&relay) == ["3@n1"])
        _ = relay.tick(now: 100)
        #expect(sent(&relay, now: 100) == ["1@n1"])
        #expect(state(relay.replied(1, ok, now: 100)) == .sent)
        #expect(sent(&relay, now: 100) == ["2@n1"])
    }

    @Test("recipient gone: by policy the client's other commands are dead at once, also those that come later")
    func goneClients() throws {
        var policy = CommandRetryPolicy()
        policy.buriesCommandsOfGoneClients = true
        var relay = make([try call("a"), try send("a"), try send("b"), try publish("r", lane: "a")], policy: policy)
        #expect(sent(&relay) == ["1@n1", "3@n1"])
        #expect(state(relay.replied(1, .failure(.callFailed, message: ""), now: 0)) == .dead)
        #expect(dead(relay.takeFollowUps()) == [2])
        #expect(sent(&relay) == ["4@n1"])  // a publish is not for the client
        #expect(state(relay.replied(4, ok, now: 0)) == .sent)
        _ = try relay.append(9, send("a"), now: 0)
        relay.confirm(9)
        #expect(dead(relay.nextSends(now: 0).changes) == [9])
    }

    @Test("once a client was found to be gone one answer is enough for its other commands, until it sends something")
    func knownGone() throws {
        var policy = CommandRetryPolicy()
        policy.maxUnreachableAnswers = 2
        var relay = make([try send("a"), try send("a"), try send("a")], policy: policy)
        let gone = Reply.Outcome.failure(.sendFailed, message: "")
        #expect(sent(&relay) == ["1@n1"])
        #expect(state(relay.replied(1, gone, now: 0)) == .pending)
        _ = relay.tick(now: 250_000)
        #expect(sent(&relay, now: 250_000) == ["1@n1"])
        #expect(state(relay.replied(1, gone, now: 250_000)) == .dead)
        #expect(relay.takeFollowUps().isEmpty)
        #expect(sent(&relay, now: 250_000) == ["2@n1"])
        #expect(state(relay.replied(2, gone, now: 250_000)) == .dead)
        relay.clientSeen("a")
        #expect(sent(&relay, now: 250_000) == ["3@n1"])
        #expect(state(relay.replied(3, gone, now: 250_000)) == .pending)
    }

    @Test("rules by code come first")
    func rules() throws {
        var policy = CommandRetryPolicy()
        policy.rules[.sendFailed] = .dead
        policy.rules[.invalidParameters] = .retry(maxAttempts: 2)
        var relay = make([try send("a"), try send("b")], policy: policy)
        #expect(sent(&relay).count == 2)
        #expect(state(relay.replied(1, .failure(.sendFailed, message: ""), now: 0)) == .dead)
        #expect(state(relay.replied(2, .failure(.invalidParameters, message: ""), now: 0)) == .pending)
        _ = relay.tick(now: 60_000_000)
        #expect(sent(&relay, now: 60_000_000) == ["2@n1"])
        #expect(state(relay.replied(2, .failure(.invalidParameters, message: ""), now: 0)) == .dead)
    }

    @Test("a request for a named node goes there and nowhere else")
    func namedNode() throws {
        let command = try Command.request("x.y", paramsJSON: "{}").with { $0.node = "n2" }
        let item = OutgoingCommand(command, NewCommand(command, messageID: nil, node: nil, lane: nil), now: 0)
        var relay = make([item, item])
        #expect(sent(&relay) == ["1@n2", "2@n2"])
        var alone = make([item], nodes: ["n1"])
        alone.nodeListed("n2")
        #expect(sent(&alone) == [])
    }

    @Test("P5: a lane window sends so many at once over one connection, in order, and again in order after a lost one")
    func laneWindow() throws {
        var relay = make(try (0..<5).map { _ in try send("a", node: nil) }, laneWindow: 3)
        #expect(sent(&relay) == ["1@n1", "2@n1", "3@n1"])
        #expect(state(relay.replied(2, ok, now: 0)) == .sent)
        #expect(sent(&relay) == ["4@n1"])
        for id in [1, 3, 4] as [Int64] { #expect(state(relay.lost(id, now: 0)) == .pending) }
        relay.disconnected("n1")
        #expect(sent(&relay) == [])  // for a while they wait for that node's next connection
        relay.connected("n1")
        #expect(sent(&relay) == ["1@n1", "3@n1", "4@n1"])
        #expect(state(relay.replied(1, .failure(EngineErrorCode(rawValue: 9), message: ""), now: 0)) == .pending)
        #expect(state(relay.replied(3, ok, now: 0)) == .sent)
        #expect(sent(&relay) == [])  // 5 may not go before 1
        #expect(state(relay.replied(4, ok, now: 0)) == .sent)
        _ = relay.tick(now: 60_000_000)
        #expect(sent(&relay, now: 60_000_000) == ["1@n1", "5@n1"])
    }

    @Test("P5: a lane window never spreads a lane over two connections")
    func laneWindowOneConnection() throws {
        var relay = make([try send("a", node: "n1"), try call("a", node: "n2"), try send("a", node: "n1")], laneWindow: 3)
        #expect(sent(&relay) == ["1@n1"])
        #expect(state(relay.replied(1, ok, now: 0)) == .sent)
        #expect(sent(&relay) == ["2@n2", "3@n2"])
    }

    @Test("what is under way or was written is not superseded; what waits leaves, and the next of its lane goes")
    func supersede() throws {
        var relay = make([try send("a"), try send("a"), try send("a")])
        #expect(sent(&relay) == ["1@n1"])
        let results = [relay.supersede(1), relay.supersede(2), relay.supersede(77)]
        #expect(results == [false, true, true])
        #expect(state(relay.lost(1, now: 0)) == .pending)
        let afterWrite = relay.supersede(1)
        #expect(!afterWrite)
    }

    @Test("a node that takes mesh commands only gets no calls and no other requests")
    func meshOnly() throws {
        let other = OutgoingCommand(
            command: try Command(.request(method: "x"), payload: .text("{}")), node: nil, lane: nil, availableAt: 0)
        var relay = make([try call("a"), try send("b"), try publish("r"), try call("c", node: nil), other], nodes: [])
        relay.nodeListed("n1")
        relay.connected("n1", takesOnlyMesh: true)
        #expect(sent(&relay) == ["2@n1", "3@n1"])
        relay.disconnected("n1")
        relay.connected("n1")
        #expect(sent(&relay) == ["1@n1", "4@n1", "5@n1"])
    }

    // MARK: What a review found

    private static let hour: Int64 = 3_600_000_000

    @Test("P7: commands that wait long take no places, and come back in order when their time comes")
    func longWait() throws {
        var relay = Relay(policy: CommandRetryPolicy(), nodeGrace: .seconds(30), windowCapacity: 64)
        relay.window.passEnded()
        relay.connected("n1")
        for id in 1...1_000 as ClosedRange<Int64> {
            let command = try send("\(id)") { $0.notBefore = Self.hour + id }
            let isTaken = relay.append(id, command, now: 0)
            #expect(!isTaken)
        }
        let isTaken = relay.append(1_001, try send("x"), now: 0)
        #expect(isTaken)
        relay.confirm(1_001)
        #expect(sent(&relay) == ["1001@n1"])
        let isBehind = try !relay.append(1_002, send("1"), now: 0)  // behind the first one
        #expect(isBehind)
        #expect(relay.nextDeadline == Self.hour + 1)
        _ = relay.tick(now: Self.hour + 1)
        #expect(relay.window.nextPass(limit: 10)?.after == 0)
        #expect(relay.load(1, try send("1") { $0.notBefore = Self.hour + 1 }, now: Self.hour + 1) == .taken)
        relay.confirm(1)
        #expect(sent(&relay, now: Self.hour + 1) == ["1@n1"])
    }

    @Test("a stop does not wait for what is due after its end")
    func drained() throws {
        var relay = make([try send("a") { $0.notBefore = Self.hour }])
        #expect(relay.isDrained(before: 10_000_000))
        #expect(!relay.isDrained(before: 2 * Self.hour))
        _ = try relay.append(2, send("b"), now: 0)
        relay.confirm(2)
        #expect(!relay.isDrained(before: 10_000_000))
    }

    @Test("P4: what somebody else ended while it was in flight is not sent again")
    func endedElsewhere() throws {
        var relay = make([try send("a"), try send("a"), try send("b"), try send("b")])
        #expect(sent(&relay) == ["1@n1", "3@n1"])
        relay.endedElsewhere(1)
        relay.endedElsewhere(3)
        #expect(state(relay.lost(1, now: 0)) == nil)
        #expect(state(relay.replied(3, ok, now: 0)) == nil)
        #expect(sent(&relay) == ["2@n1", "4@n1"])
    }

    @Test("a row that is not committed yet neither expires nor is buried")
    func uncommitted() throws {
        var policy = CommandRetryPolicy()
        policy.buriesCommandsOfGoneClients = true
        var relay = make([try call("a")], policy: policy)
        #expect(sent(&relay) == ["1@n1"])
        _ = try relay.append(2, send("a") { $0.expiresAfter = .milliseconds(1) }, now: 0)
        #expect(relay.tick(now: 5_000).isEmpty)
        #expect(state(relay.replied(1, .failure(.callFailed, message: ""), now: 5_000)) == .dead)
        #expect(relay.takeFollowUps().isEmpty)
        relay.confirm(2)
        #expect(relay.tick(now: 5_000).map(\.id) == [2])
    }

    @Test("a node that gives no answers is left to others after a while; a client that sends something is not gone")
    func silentNode() throws {
        var relay = make([try send("a")])
        #expect(sent(&relay) == ["1@n1"])
        #expect(state(relay.lost(1, now: 0)) == .pending)
        #expect(sent(&relay, now: 1_000_000) == ["1@n1"])
        #expect(state(relay.lost(1, now: 6_000_000)) == .pending)
        #expect(sent(&relay, now: 6_000_000) == ["1@n2"])

        var policy = CommandRetryPolicy()
        policy.buriesCommandsOfGoneClients = true
        var other = make([try call("a")], policy: policy)
        #expect(sent(&other) == ["1@n1"])
        #expect(state(other.replied(1, .failure(.callFailed, message: ""), now: 0)) == .dead)
        other.clientSeen("a")
        _ = try other.append(2, send("a"), now: 0)
        other.confirm(2)
        #expect(sent(&other) == ["2@n1"])
    }

    @Test("an operator's retry takes the expiry away in memory, too")
    func refreshed() throws {
        var relay = make([try call("a", node: "n9")], nodes: ["n1"])
        relay.nodeListed("n9")
        #expect(sent(&relay) == [])
        relay.refresh(.init(id: 1, attempts: 0, availableAt: 0, expiresAt: nil))
        #expect(relay.window[1]?.expiresAt == nil)
    }

    @Test("a lane wakes for the first of several that wait, and not for the last")
    func wakesForTheFirst() throws {
        var relay = Relay(policy: CommandRetryPolicy(), nodeGrace: .seconds(30), windowCapacity: 64)
        relay.window.passEnded()
        relay.connected("n1")
        for (id, time) in [(1, Self.hour), (2, 24 * Self.hour)] as [(Int64, Int64)] {
            _ = try relay.append(id, send("a") { $0.notBefore = time }, now: 0)
        }
        _ = relay.tick(now: Self.hour)
        #expect(relay.window.nextPass(limit: 10)?.after == 0)
        #expect(relay.load(1, try send("a") { $0.notBefore = Self.hour }, now: Self.hour) == .taken)
        #expect(relay.load(2, try send("a") { $0.notBefore = 24 * Self.hour }, now: Self.hour) != .taken)
        relay.confirm(1)
        #expect(sent(&relay, now: Self.hour) == ["1@n1"])
        #expect(relay.nextDeadline == 24 * Self.hour)
    }

    @Test("what rests behind a command that ended in the file is looked at again")
    func headEndedInFile() throws {
        var relay = Relay(policy: CommandRetryPolicy(), nodeGrace: .seconds(30), windowCapacity: 64)
        relay.window.passEnded()
        relay.connected("n1")
        _ = try relay.append(1, send("a") { $0.notBefore = Self.hour }, now: 0)
        let isTaken = try relay.append(2, send("a"), now: 0)
        #expect(!isTaken)
        relay.endedInFile()
        _ = relay.tick(now: 0)
        #expect(relay.window.nextPass(limit: 10)?.after == 0)
        #expect(relay.load(2, try send("a"), now: 0) == .taken)
        relay.confirm(2)
        #expect(sent(&relay) == ["2@n1"])
    }

    @Test("P4: a command that was cancelled in flight and put back is sent again")
    func putBackInFlight() throws {
        var relay = make([try send("a")])
        #expect(sent(&relay) == ["1@n1"])
        relay.endedElsewhere(1)
        relay.pendingAgain(1)
        #expect(state(relay.lost(1, now: 0)) == .pending)
        #expect(sent(&relay) == ["1@n1"])
    }

    @Test("P9: however many listed nodes are away, calls to another one find a place")
    func manyNodesAway() throws {
        var relay = Relay(policy: CommandRetryPolicy(), nodeGrace: .seconds(30), windowCapacity: 640)
        relay.directoryKnown()
        for node in ["a", "b", "c", "d", "e", "n1"] { relay.nodeListed(node) }
        relay.connected("n1")
        var id: Int64 = 0
        for node in ["a", "b", "c", "d", "e"] {
            for number in 0..<100 {
                id += 1
                if relay.load(id, try call("\(node)\(number)", node: node), now: 0) == .taken { relay.confirm(id) }
            }
        }
        _ = relay.nextSends(now: 0)
        #expect(relay.load(id + 1, try call("x", node: "n1"), now: 0) == .taken)
        relay.confirm(id + 1)
        #expect(sent(&relay) == ["\(id + 1)@n1"])
    }
}
