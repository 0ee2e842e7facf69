import Testing

@testable import ConnmixDurable

@Suite("commands in flight")
struct RelayFlightTests {
    private typealias Bench = RelayBench
    private static let second: Int64 = 1_000_000

    private func reset(_ code: UInt16? = nil) -> Disconnection {
        Disconnection(cause: .peer, reason: "the engine closed the connection", closeCode: code)
    }

    // MARK: P4

    @Test("P4: an answer that is late settles its command; the second write's answer is nobody's")
    func lateAnswer() throws {
        var bench = Bench()
        bench.add(try Bench.send("a"))
        let first = bench.sent()
        bench.now = 10 * Self.second
        guard case .postponed(1, let item, _, _)? = bench.relay.overdue(1, reason: "none", node: "n1", now: bench.now) else {
            return #expect(Bool(false))
        }
        #expect(item.attempts == 0 && item.writes == 1)
        #expect(item.availableAt >= bench.now + Self.second / 2)
        bench.now = item.availableAt
        let second = bench.sent()
        #expect(second.map(\.id) == [1])
        guard
            case .sent(1, false, let settlement)? = bench.relay.replied(
                1, .success(.init(success: true, json: "")), node: "n1", now: bench.now)
        else { return #expect(Bool(false)) }
        #expect(settlement.writes == 2 && settlement.attempts == 1)
        #expect(bench.relay.routes["n1"]?.window.commands == 1)  // the second answer is still to come
        if bench.relay.replied(1, .success(.init(success: true, json: "")), node: "n1", now: bench.now) != nil {
            #expect(Bool(false), "a second answer was taken")
        }
        #expect(bench.relay.routes["n1"]?.window.commands == 0)
        _ = first
    }

    @Test("P4: repeats back off")
    func pauses() throws {
        var bench = Bench()
        bench.add(try Bench.send("a"))
        var pauses: [Int64] = []
        for _ in 0..<5 {
            #expect(bench.sent().count == 1)
            bench.now += 10 * Self.second
            guard case .postponed(_, let item, _, _)? = bench.relay.overdue(1, reason: "none", node: "n1", now: bench.now) else {
                return #expect(Bool(false))
            }
            pauses.append(item.availableAt - bench.now)
            bench.now = item.availableAt
        }
        #expect(pauses[0] >= Self.second / 2 && pauses[0] <= Self.second)
        #expect(pauses[4] >= 8 * Self.second && pauses[4] <= 16 * Self.second)
    }

    @Test(
        "at most once: what is overdue is unknown after twice the time, or when the connection is lost; a late answer settles it before"
    )
    func atMostOnce() throws {
        func make() throws -> (Bench, Relay.Sending) {
            var bench = Bench()
            let command = try Command.meshSend(to: "a", "x").with { $0.delivery = .atMostOnce }
            bench.add(OutgoingCommand(command, NewCommand(command, messageID: nil, node: "n1", lane: nil, now: 0), now: 0))
            #expect(bench.sent().isEmpty)
            bench.relay.noted(1, isWaiting: true)
            let send = try #require(bench.sent().first)
            bench.now = 10 * Self.second
            if bench.relay.overdue(1, reason: "none", node: "n1", now: bench.now) != nil { Issue.record("decided too early") }
            return (bench, send)
        }
        var (waited, _) = try make()
        #expect(waited.sent().isEmpty)
        let changes = waited.relay.tick(now: 20 * Self.second)
        #expect(changes.first?.settlement(of: 1)?.state == .unknown)
        var (lost, _) = try make()
        #expect(lost.relay.lost(1, reset(), node: "n1", now: lost.now)?.settlement(of: 1)?.state == .unknown)
        var (answered, send) = try make()
        answered.answer(send)
        #expect(answered.file.isEmpty)
        #expect(answered.relay.tick(now: 20 * Self.second).isEmpty)
    }

    @Test("P4: an engine that answers 200 commands a second is never sent what it does not answer in time")
    func slowEngine() throws {
        var bench = Bench()
        for number in 0..<5_000 { bench.add(try Bench.send("c\(number)")) }
        var (queue, answered, writes): ([Relay.Sending], Int, Int) = ([], 0, 0)
        var sentAt: [Int64: Int64] = [:]
        while answered < 5_000, bench.now < 60 * Self.second {
            for send in bench.sent() {
                queue.append(send)
                sentAt[send.id] = bench.now
                writes += 1
            }
            bench.now += 5_000
            if !queue.isEmpty {
                bench.answer(queue.removeFirst())
                answered += 1
            }
            for send in queue where bench.now - (sentAt[send.id] ?? 0) == 10 * Self.second {
                bench.keep(bench.relay.overdue(send.id, reason: "none", node: send.node, now: bench.now))
            }
        }
        #expect(answered == 5_000)
        #expect(writes == 5_000)
    }

    @Test("P7: what does not take more gets no more; others do, and so does it when it does")
    func blocked() throws {
        var bench = Bench(nodes: ["n1", "n2"])
        bench.relay.writable(false, "n1")
        bench.add(try Bench.send("a"))
        bench.add(try Bench.call("b", node: "n1"))
        #expect(bench.sent().map { "\($0.id)@\($0.node)" } == ["1@n2"])
        bench.relay.writable(true, "n1")
        #expect(bench.sent().map { "\($0.id)@\($0.node)" } == ["2@n1"])
    }

    @Test("P7: a full connection makes commands wait or go elsewhere, and each answer lets the next ones go")
    func crowded() throws {
        var bench = Bench(nodes: ["n1", "n2"])
        for number in 0..<600 { bench.add(try Bench.send("c\(number)")) }
        let first = bench.sent()
        #expect(first.filter { $0.node == "n1" }.count == 256)
        #expect(first.filter { $0.node == "n2" }.count == 256)
        var sends = first
        var seen = Set(first.map(\.id))
        while let send = sends.popLast() {
            bench.answer(send)
            for next in bench.sent() {
                seen.insert(next.id)
                sends.append(next)
            }
        }
        #expect(seen.count == 600)
        #expect(bench.relay.window.count == 0)
    }

    // MARK: P6

    /// An engine that closes each connection on which it gets `poison`.
    ///
    /// - Returns: how many connections were spent, and how the poison ended.
    private func run(_ bench: inout Bench, poison: Int64, code: UInt16?) -> (connections: Int, end: Settlement?) {
        var end: Settlement?
        var connections = 1
        for _ in 0..<100_000 {
            let sends = bench.sent()
            if sends.isEmpty {
                guard !bench.file.isEmpty else { break }
                bench.now += 100_000
                continue
            }
            bench.now += 1_000
            guard let place = sends.firstIndex(where: { $0.id == poison }) else {
                for send in sends { bench.answer(send) }
                continue
            }
            for send in sends[..<place] { bench.answer(send) }
            for send in sends[place...] {
                let change = bench.relay.lost(send.id, reset(code), node: send.node, now: bench.now)
                if send.id == poison { end = change?.settlement(of: poison) }
                bench.keep(change)
            }
            bench.relay.disconnected("n1", now: bench.now)
            bench.now += 200_000
            bench.relay.connected("n1", now: bench.now)
            connections += 1
        }
        return (connections, end)
    }

    @Test("P6: a command that closes the connection is dead after three losses and two alone; all others arrive")
    func poison() throws {
        var bench = Bench()
        for number in 0..<10_000 { bench.add(try Bench.send("c\(number)")) }
        let (connections, end) = run(&bench, poison: 100, code: 1009)
        #expect(end?.state == .dead)
        #expect(end?.error?.hasPrefix("it closes the connection (close code 1009): 5 connections were lost") == true)
        #expect(end?.writes == 5)
        #expect(connections == 6)
        #expect(bench.file.isEmpty)
        #expect(bench.relay.troubles.isEmpty)
    }

    @Test("P6: whatever else is in flight at losses that it did not cause, and however often, is never dead for it")
    func innocent() throws {
        var bench = Bench()
        for number in 0..<50 { bench.add(try Bench.send("c\(number)")) }
        // The network fails while they are under way, every 300 ms.
        for _ in 0..<200 {
            for send in bench.sent() {
                if case .settled? = bench.relay.lost(send.id, reset(), node: "n1", now: bench.now) {
                    Issue.record("\(send.id) ended")
                }
            }
            bench.relay.disconnected("n1", now: bench.now)
            bench.now += 300_000
            bench.relay.connected("n1", now: bench.now)
        }
        var rounds = 0
        while !bench.file.isEmpty, rounds < 10_000 {
            for send in bench.sent() { bench.answer(send) }
            bench.now += 10_000
            rounds += 1
        }
        #expect(bench.file.isEmpty)
    }

    @Test("P6: a command goes alone only when all others have landed, and they go on after it, before the next one that must")
    func alone() throws {
        var bench = Bench()
        bench.add(try Bench.send("a"))
        bench.add(try Bench.send("b"))
        for _ in 0..<3 {
            for send in bench.sent() { bench.keep(bench.relay.lost(send.id, reset(), node: "n1", now: bench.now)) }
            bench.relay.disconnected("n1", now: bench.now)
            bench.now += Self.second
            bench.relay.connected("n1", now: bench.now)
        }
        #expect(bench.sent().isEmpty)  // the connection has to stand for a second
        let other = bench.add(try Bench.send("c"))
        let before = bench.sent()
        #expect(before.map(\.id) == [other])
        bench.now += Self.second
        #expect(bench.sent().isEmpty)  // it is still in flight
        bench.add(try Bench.send("d"))
        #expect(bench.sent().isEmpty)  // and nothing else may join it
        bench.answer(before[0])
        let first = bench.sent()
        #expect(first.count == 1 && first[0].id <= 2)
        bench.now += 1_000
        bench.answer(first[0])
        let turn = bench.sent()
        #expect(turn.map(\.id) == [4])
        bench.answer(turn[0])
        bench.now += 20_000
        let second = bench.sent()
        #expect(second.count == 1 && second[0].id <= 2 && second[0].id != first[0].id)
        bench.answer(second[0])
        #expect(bench.file.isEmpty)
    }
}

@Suite("commands that wait, and what wakes them")
struct RelayWakingTests {
    private typealias Bench = RelayBench
    private static let second: Int64 = 1_000_000
    private let lost = Disconnection(cause: .peer, reason: "reset")

    /// Two commands that were in flight at three losses, over a connection that has stood for long enough.
    private func suspects(_ bench: inout Bench) throws {
        bench.add(try Bench.send("a"))
        bench.add(try Bench.send("b"))
        for _ in 0..<3 {
            for send in bench.sent() { bench.keep(bench.relay.lost(send.id, lost, node: "n1", now: bench.now)) }
            bench.relay.disconnected("n1", now: bench.now)
            bench.relay.connected("n1", now: bench.now)
        }
    }

    @Test("P6: a command whose turn to go alone was kept is not forgotten when the connection goes without its outcomes")
    func reservedRouteGoes() throws {
        var bench = Bench()
        try suspects(&bench)
        let other = bench.add(try Bench.send("c"))
        let before = bench.sent()
        #expect(before.map(\.id) == [other])
        bench.now = Self.second
        #expect(bench.sent().isEmpty)  // the first one's turn is kept, the other waits behind it
        #expect(bench.relay.routes["n1"]?.testing == .soon(1))
        bench.relay.disconnected("n1", now: bench.now)
        bench.relay.connected("n1", now: bench.now)
        for send in before { bench.keep(bench.relay.notWritten(send.id, node: send.node, now: bench.now)) }
        for _ in 0..<20 {
            bench.now += Self.second
            for send in bench.sent() { bench.answer(send) }
        }
        #expect(bench.file.isEmpty)
    }

    @Test("P6: a command whose turn was kept on one connection and that goes over another frees the first")
    func goesElsewhere() throws {
        var bench = Bench(nodes: ["n1", "n2"])
        bench.add(try Bench.send("a"))
        for _ in 0..<3 {
            for send in bench.sent() { bench.keep(bench.relay.lost(send.id, lost, node: "n1", now: bench.now)) }
            bench.relay.disconnected("n1", now: bench.now)
            bench.relay.connected("n1", now: bench.now)
        }
        bench.add(try Bench.call("x", node: "n1"))
        let first = bench.sent()
        #expect(first.map(\.id) == [2])
        bench.now = Self.second
        #expect(bench.sent().isEmpty)
        #expect(bench.relay.routes["n1"]?.testing == .soon(1))
        bench.now = 6 * Self.second  // it waited for its node's connection long enough
        bench.answer(first[0])
        #expect(bench.sent().map { "\($0.id)@\($0.node)" } == ["1@n2"])
        bench.add(try Bench.call("y", node: "n1"))
        #expect(bench.sent().map { "\($0.id)@\($0.node)" } == ["3@n1"])
    }

    @Test("P6: where one that waits to go alone ends, the others behind it have their turn")
    func suspectEnds() throws {
        var bench = Bench()
        for client in ["a", "b", "c"] { bench.add(try Bench.send(client)) }
        for _ in 0..<3 {
            for send in bench.sent() { bench.keep(bench.relay.lost(send.id, lost, node: "n1", now: bench.now)) }
            bench.relay.disconnected("n1", now: bench.now)
            bench.relay.connected("n1", now: bench.now)
        }
        bench.now = Self.second
        let first = bench.sent()
        #expect(first.count == 1)
        let next = try #require([1, 2, 3].first { $0 != first[0].id })
        bench.file[next] = nil
        bench.relay.endedElsewhere(next)
        bench.answer(first[0])
        for _ in 0..<5 {
            bench.now += 100_000
            for send in bench.sent() { bench.answer(send) }
        }
        #expect(bench.file.isEmpty)
    }

    @Test(
        "at most once: what is overdue is never written again, whatever the clock or an operator does; a lost connection ends it")
    func writtenOnce() throws {
        func make() throws -> Bench {
            var bench = Bench()
            let command = try Command.meshSend(to: "a", "x").with { $0.delivery = .atMostOnce }
            bench.add(OutgoingCommand(command, NewCommand(command, messageID: nil, node: "n1", lane: nil, now: 0), now: 0))
            #expect(bench.sent().isEmpty)
            bench.relay.noted(1, isWaiting: true)
            #expect(bench.sent().count == 1)
            bench.now = 10 * Self.second
            _ = bench.relay.overdue(1, reason: "none", node: "n1", now: bench.now)
            return bench
        }
        var jumped = try make()
        jumped.relay.clockJumped(by: 5 * Self.second, now: jumped.now + 5 * Self.second)
        #expect(jumped.sent().isEmpty)
        jumped.relay.refresh(.init(id: 1, attempts: 0, availableAt: 7, expiresAt: nil))
        #expect(jumped.sent().isEmpty)
        var closing = try make()
        closing.relay.disconnected("n1", now: closing.now)
        #expect(closing.relay.lost(1, lost, node: "n1", now: closing.now)?.settlement(of: 1)?.state == .unknown)
        closing.relay.marked(1)
        #expect(closing.relay.isDrained(before: .max - 1))
    }

    @Test("a landing wakes commands that are still there")
    func deadCrowd() throws {
        var bench = Bench()
        // Two of them fill the window's bytes.
        for channel in ["big", "large"] {
            let text = String(repeating: "x", count: 523_950)
            bench.add(OutgoingCommand(command: try .meshPublish(to: channel, text), node: "n1", availableAt: 0))
        }
        let first = bench.sent()
        #expect(first.count == 2)
        for number in 0..<5 { bench.add(try Bench.call("c\(number)", node: "n1")) }
        #expect(bench.sent().isEmpty)
        for id in 3...6 as ClosedRange<Int64> {
            bench.file[id] = nil
            bench.relay.endedElsewhere(id)
        }
        bench.answer(first[0])  // the other one is still in flight
        #expect(bench.sent().map(\.id) == [7])
    }

    @Test("P9: a call to a client whose node is not known is asked of a node that is new")
    func newNode() throws {
        var bench = Bench(nodes: [], away: ["a"])
        bench.now = Self.second
        bench.add(try Bench.call("c", node: nil))
        #expect(bench.sent().isEmpty)
        bench.now += Self.second
        #expect(bench.sent().isEmpty)
        #expect(bench.relay.window.count == 0)
        bench.relay.nodeListed("b", now: bench.now)
        bench.relay.connected("b", now: bench.now)
        #expect(bench.sent().map(\.node) == ["b"])
    }

    @Test("commands that supersede each other all day do not keep the pass over the file at its beginning")
    func passGoesOn() throws {
        var bench = Bench(away: ["away"])
        for client in 0..<3_000 { bench.add(try Bench.call("c\(client)", node: "away")) }
        bench.now = Self.second
        #expect(bench.sent().isEmpty)
        bench.relay.lookAgain()
        let last = bench.add(try Bench.send("x"))
        var sent: [Int64] = []
        for _ in 0..<10 where sent.isEmpty {
            sent = bench.step().map(\.id)
            bench.relay.endedInFile()  // one supersedes another in this very commit
            bench.now += 5_000
        }
        #expect(sent == [last])
    }

    @Test("a pass that never ends keeps nobody waiting in the file for more than ten seconds")
    func passNeverEnds() throws {
        var bench = Bench()
        bench.add(try Bench.send("x"))
        let later = OutgoingCommand(command: try .meshSend(to: "a", "x"), node: "n1", availableAt: 3_600 * Self.second)
        bench.add(later)  // it rests
        #expect(bench.sent().count == 1)
        var looks: [Int64] = []
        for half in 1...60 {
            bench.now = Int64(half) * Self.second / 2
            bench.relay.window.passed(100)
            bench.relay.window.lookBehind()  // others add without a pause
            bench.relay.endedInFile()
            _ = bench.relay.tick(now: bench.now)
            guard bench.relay.window.cursor == 0 else { continue }
            looks.append(bench.now / Self.second)
            _ = bench.relay.load(2, later, now: bench.now)  // met again, it rests again
        }
        #expect(looks.count == 3)
        #expect(zip(looks, looks.dropFirst()).allSatisfy { $1 - $0 == 10 })
    }
}

@Suite("the send window")
struct SendWindowTests {
    @Test("quick answers open it, slow ones close it a little, overdue ones by half, once for what was sent before")
    func width() {
        var window = SendWindow(replyTimeout: .seconds(10))
        #expect(window.width == 256)
        window.answered(sentAt: 0, now: 1_000)
        #expect(window.width == 257)
        window.answered(sentAt: 0, now: 1_000_000)  // neither quick nor slow
        #expect(window.width == 257)
        window.answered(sentAt: 0, now: 3_000_000)
        #expect(window.width == 205)
        window.answered(sentAt: 0, now: 3_000_000)  // sent before the cut
        #expect(window.width == 205)
        window.overdue(sentAt: 4_000_000, now: 14_000_000)
        #expect(window.width == 102)
        window.overdue(sentAt: 5_000_000, now: 15_000_000)
        #expect(window.width == 102)
        for round in 0..<20 { window.overdue(sentAt: Int64(20 + round) * 1_000_000, now: Int64(20 + round) * 1_000_000) }
        #expect(window.width == 1)
        #expect(window.hasRoom(for: 64 << 20))  // one always may
        window.took(64 << 20)
        #expect(!window.hasRoom(for: 1))
        window.gave(64 << 20)
        #expect(window.commands == 0 && window.bytes == 0)
    }

    @Test("it is bounded in bytes too, and begins small where connections were lost one after the other")
    func bounds() {
        var window = SendWindow(replyTimeout: .seconds(10))
        window.took(1 << 20)
        #expect(!window.hasRoom(for: 1_000))
        #expect(SendWindow(replyTimeout: .seconds(10), losses: 1).width == 64)
        #expect(SendWindow(replyTimeout: .seconds(10), losses: 2).width == 16)
        #expect(SendWindow(replyTimeout: .seconds(10), losses: 100).width == 4)
    }
}
