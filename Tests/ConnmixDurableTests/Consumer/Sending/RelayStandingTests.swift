import Testing
import TestSupport

@testable import ConnmixDurable

/// A relay beside a file that holds the same commands: what it leaves there is loaded when it asks, as the consumer does.
struct RelayBench {
    var relay: Relay
    var file: [Int64: OutgoingCommand] = [:]
    var now: Int64 = 0
    private var lastID: Int64 = 0

    init(capacity: Int = 4_096, nodes: [String] = ["n1"], away: [String] = [], replyTimeout: Duration = .seconds(10)) {
        relay = Relay(
            policy: CommandRetryPolicy(), nodeGrace: .seconds(30), replyTimeout: replyTimeout, windowCapacity: capacity,
            random: SeededGenerator(seed: 1))
        relay.window.passEnded()
        relay.directoryKnown()
        for node in nodes + away { relay.nodeListed(node, now: 0) }
        for node in nodes { relay.connected(node, now: 0) }
    }

    /// A command comes in, as from a handler.
    @discardableResult
    mutating func add(_ item: OutgoingCommand) -> Int64 {
        lastID += 1
        file[lastID] = item
        if relay.append(lastID, item, now: now) { relay.confirm(lastID) }
        return lastID
    }

    /// What is sent when everything was read that there is room for.
    mutating func sent() -> [Relay.Sending] {
        _ = relay.tick(now: now)
        var sends: [Relay.Sending] = []
        for _ in 0..<100_000 {
            let some = relay.nextSends(now: now).sends
            sends += some
            let isDone = load()
            if some.isEmpty, isDone { return sends }
        }
        Issue.record("it never comes to rest")
        return sends
    }

    /// One look: what is sent, and one read of the file.
    mutating func step() -> [Relay.Sending] {
        _ = relay.tick(now: now)
        _ = load()
        return relay.nextSends(now: now).sends
    }

    private mutating func load() -> Bool {
        guard let pass = relay.window.nextPass(limit: 1_000) else { return true }
        var rows: [(id: Int64, item: OutgoingCommand)] = []
        var id = pass.after + 1
        while id <= lastID, rows.count < pass.limit {
            if let item = file[id] { rows.append((id, item)) }
            id += 1
        }
        for (id, item) in rows {
            switch relay.load(id, item, now: now) {
            case .taken: relay.confirm(id)
            case .leftInFile, .known: break
            case .full: return false
            }
        }
        if rows.count < pass.limit { relay.window.passEnded() }
        return false
    }

    mutating func answer(_ send: Relay.Sending, _ outcome: Reply.Outcome = .success(EngineResult(success: true, json: "{}"))) {
        keep(relay.replied(send.id, outcome, node: send.node, now: now))
    }

    /// What the next commit does.
    mutating func keep(_ change: Relay.Change?) {
        switch change {
        case .sent(let id, _, _), .settled(let id, _):
            file[id] = nil
            relay.marked(id)
        case .postponed(let id, let item, _, _): file[id]?.availableAt = item.availableAt
        case .writing, nil: break
        }
    }

    static func send(_ client: String, lane: String? = nil) throws -> OutgoingCommand {
        OutgoingCommand(command: try .meshSend(to: ClientID(client), "x"), node: "n1", lane: lane, availableAt: 0)
    }

    static func call(_ client: String, node: String?, lane: String? = nil) throws -> OutgoingCommand {
        OutgoingCommand(command: try .subscribe(ClientID(client), to: ["r"]), node: node, lane: lane, availableAt: 0)
    }

    static func publish(_ channel: String, lane: String?) throws -> OutgoingCommand {
        OutgoingCommand(command: try .meshPublish(to: channel, "x"), node: "n1", lane: lane, availableAt: 0)
    }
}

@Suite("lanes that stand aside")
struct RelayStandingTests {
    private typealias Bench = RelayBench
    private static let second: Int64 = 1_000_000

    @Test(
        "P5: a lane whose head needs a node that is away gives up its place at a channel; its own order holds when the node comes"
    )
    func channel() throws {
        var bench = Bench(away: ["away"])
        bench.add(try Bench.call("c1", node: "away"))
        bench.add(try Bench.publish("r", lane: "c1"))
        bench.add(try Bench.publish("r", lane: "c2"))
        #expect(bench.sent().map(\.id) == [])  // for a second the node may be back
        bench.now = Self.second
        let sends = bench.sent()
        #expect(sends.map(\.id) == [3])
        #expect(bench.relay.waitingForNodes.map(\.nodes) == [["away"]])
        #expect(bench.relay.waitingForNodes.map(\.commands) == [2])
        #expect(bench.relay.waitingForNodes.map(\.since) == [0])
        bench.answer(sends[0])
        let late = bench.add(try Bench.publish("r", lane: "c1"))  // behind its lane, wherever that is
        #expect(bench.sent().map(\.id) == [])
        #expect(!bench.relay.isDrained(before: .max - 1))
        bench.relay.connected("away", now: bench.now)
        var order: [Int64] = []
        for _ in 0..<3 {
            let sends = bench.sent()
            order += sends.map(\.id)
            for send in sends { bench.answer(send) }
        }
        #expect(order == [1, 2, late])
        #expect(bench.relay.waitingForNodes.isEmpty)
        #expect(bench.relay.isDrained(before: .max - 1))
    }

    /// The simulation's seed 103: it waited in the file for another reason, and then for the node that a later one needed.
    @Test("P5: what waits in the file before the command for which its lane stands aside does not wait for that one's node")
    func earlierInTheFile() throws {
        var bench = Bench(away: ["away"])
        bench.now = 10 * Self.second
        var postponed = try Bench.publish("room1", lane: "l")
        postponed.availableAt = bench.now + 5 * Self.second
        let first = bench.add(postponed)
        let call = bench.add(try Bench.call("c1", node: "away", lane: "l"))
        let last = bench.add(try Bench.publish("room2", lane: "l"))
        let other = bench.add(try Bench.publish("room3", lane: "m"))
        #expect(bench.sent().map(\.id) == [other])
        bench.now += 5 * Self.second
        let sends = bench.sent()
        #expect(sends.map(\.id) == [first])
        for send in sends { bench.answer(send) }
        #expect(bench.sent().isEmpty)
        bench.relay.connected("away", now: bench.now)
        let calls = bench.sent()
        #expect(calls.map(\.id) == [call])
        for call in calls { bench.answer(call) }
        #expect(bench.sent().map(\.id) == [last])
    }

    /// What a later command of the same client meets while an earlier one comes back from the file.
    private func comingBack(_ later: OutgoingCommand) throws -> Bench {
        var bench = Bench()
        bench.now = 10 * Self.second
        _ = bench.relay.append(9, try Bench.send("other"), now: bench.now)
        bench.relay.confirm(9)
        _ = bench.relay.append(10, later, now: bench.now)
        bench.relay.confirm(10)
        return bench
    }

    private func comeBack(_ bench: inout Bench) throws {
        bench.relay.window.lookAgain(above: 0)
        #expect(bench.relay.load(4, try Bench.send("c"), now: bench.now) == .taken)
        bench.relay.confirm(4)
    }

    @Test("P6: a command that waits to go alone keeps its turn where an earlier one comes back, and nobody waits for ever")
    func aloneKeepsItsTurn() throws {
        var later = try Bench.send("c")
        later.goesAlone = true
        var bench = try comingBack(later)
        let first = bench.relay.nextSends(now: bench.now).sends
        #expect(first.map(\.id) == [9], "it waits until nothing is in flight")
        try comeBack(&bench)
        #expect(bench.relay.nextSends(now: bench.now).sends.isEmpty)
        for send in first { bench.answer(send) }
        let alone = bench.relay.nextSends(now: bench.now).sends
        #expect(alone.map(\.id) == [10])
        bench.now += Self.second
        for send in alone { bench.answer(send) }
        #expect(bench.relay.nextSends(now: bench.now).sends.map(\.id) == [4])
    }

    @Test("P4: what the file knows to be about to be written goes next, also where an earlier one comes back")
    func notedKeepsItsTurn() throws {
        let once = try Command.meshSend(to: "c", "x").with { $0.delivery = .atMostOnce }
        let columns = NewCommand(once, messageID: nil, node: "n1", lane: nil, now: 0)
        var bench = try comingBack(OutgoingCommand(once, columns, now: 0))
        let (first, changes) = bench.relay.nextSends(now: bench.now)
        #expect(first.map(\.id) == [9])
        guard case .writing(10)? = changes.first else { return #expect(Bool(false), "\(changes)") }
        try comeBack(&bench)
        bench.relay.noted(10, isWaiting: true)
        #expect(bench.relay.nextSends(now: bench.now).sends.map(\.id) == [10])
    }

    @Test("P5: lanes that stand aside leave the window; whoever comes behind them is loaded and goes")
    func fullWindow() throws {
        var bench = Bench(away: ["away"])
        for client in 0..<8 {
            bench.add(try Bench.call("c\(client)", node: "away"))
            for _ in 0..<511 { bench.add(try Bench.send("c\(client)")) }
        }
        let last = bench.add(try Bench.send("x"))
        #expect(bench.sent().isEmpty)
        bench.now = Self.second
        #expect(bench.sent().map(\.id) == [last])
        #expect(bench.relay.waitingForNodes.map(\.commands) == [8 * 512])
    }

    @Test("P5: calls that have asked everybody there is wait for the rest, and not before others")
    func unknownOwner() throws {
        var bench = Bench(away: ["away"])
        for client in 0..<600 { bench.add(try Bench.call("c\(client)", node: nil)) }
        let last = bench.add(try Bench.call("x", node: "n1"))
        var seen: Set<Int64> = []
        for _ in 0..<4 {
            for send in bench.sent() {
                #expect(send.node == "n1")
                seen.insert(send.id)
                send.id == last ? bench.answer(send) : bench.answer(send, .failure(.callFailed, message: "not here"))
            }
            bench.now += Self.second
        }
        #expect(seen.count == 601)
        #expect(bench.relay.window.count == 0)
        bench.relay.connected("away", now: bench.now)
        let again = bench.sent().filter { $0.node == "away" }
        #expect(!again.isEmpty)
    }

    @Test("P7: a hundred thousand clients that wait for a node take next to no memory, and keep nobody waiting")
    func manyClients() throws {
        var bench = Bench(away: ["away"])
        for client in 0..<100_000 { bench.add(try Bench.call("c\(client)", node: "away")) }
        bench.now = Self.second
        let last = bench.add(try Bench.call("x", node: "n1"))
        #expect(bench.sent().map(\.id) == [last])
        #expect(bench.relay.window.count == 1)
        #expect(bench.relay.waitingForNodes.map(\.commands) == [100_000])
    }

    @Test("P5: an operator's change is looked at, also where a lane stands aside")
    func cancelled() throws {
        var bench = Bench(away: ["away"])
        bench.add(try Bench.call("c1", node: "away"))
        let next = bench.add(try Bench.publish("r", lane: "c1"))
        bench.now = Self.second
        #expect(bench.sent().isEmpty)
        bench.file[1] = nil  // cancelled in the file
        bench.relay.lookAgain()
        #expect(bench.sent().map(\.id) == [next])
    }

    @Test("P5: a node that leaves the list takes its calls with it after the grace period, and its lanes go on")
    func grace() throws {
        var bench = Bench(away: ["away"])
        bench.add(try Bench.call("c1", node: "away"))
        let next = bench.add(try Bench.publish("r", lane: "c1"))
        bench.now = Self.second
        #expect(bench.sent().isEmpty)
        bench.relay.nodeMissing("away", now: bench.now)
        #expect(bench.sent().isEmpty)
        bench.now += 30 * Self.second
        _ = bench.relay.tick(now: bench.now)
        #expect(bench.relay.window.nextPass(limit: 9)?.after == 0)
        #expect(bench.relay.load(1, try Bench.call("c1", node: "away"), now: bench.now) == .taken)
        bench.relay.confirm(1)
        let changes = bench.relay.nextSends(now: bench.now).changes
        #expect(changes.map(\.id) == [1])
        #expect(changes.first?.settlement(of: 1)?.state == .dead)
        for change in changes { bench.keep(change) }
        #expect(bench.sent().map(\.id) == [next])
    }

    @Test(
        "P5: a lane whose head is not answered in time lets others pass at its channel, and goes on when the answer comes, however late"
    )
    func overdueHead() throws {
        var bench = Bench(nodes: ["n1"])
        bench.add(try Bench.call("c1", node: "n1"))
        bench.add(try Bench.publish("r", lane: "c1"))
        bench.add(try Bench.publish("r", lane: "c2"))
        let first = bench.sent()
        #expect(first.map(\.id) == [1])
        bench.now = 10 * Self.second
        bench.keep(bench.relay.overdue(1, reason: "no answer", node: "n1", now: bench.now))
        let others = bench.sent()
        #expect(others.map(\.id) == [3])
        bench.answer(others[0])
        bench.now += Self.second / 4
        #expect(bench.sent().isEmpty)  // not sent again yet
        bench.answer(first[0])
        let next = bench.sent()
        #expect(next.map(\.id) == [2])
        bench.answer(next[0])
        #expect(bench.relay.isDrained(before: .max - 1))
        #expect(bench.relay.flights.isEmpty)
    }
}
