import Testing
import TestSupport

@testable import ConnmixDurable

private let day: Int64 = 86_400_000_000
private let second: Int64 = 1_000_000

@Suite("a clock that somebody sets")
struct ClockTests {
    @Test("a jump is told from time that passes, from drift, and once")
    func watch() {
        var watch = ClockWatch()
        func read(_ wall: Int64, _ steady: Int64) -> ClockWatch.Jump? { watch.read(.init(wall: wall, steady: steady)) }
        let start = 1_700_000_000 * second
        #expect(read(start, 5) == nil)
        #expect(read(start + day, 5 + day) == nil, "time has passed")
        #expect(read(start + day + second, 5 + day) == nil, "a small correction")
        #expect(read(start + 2 * day, 5 + day) == .init(by: day, to: start + 2 * day))
        #expect(read(start + 2 * day + second, 5 + day + second) == nil)
        let back = read(start + day + 2 * second, 5 + day + 2 * second)
        #expect(back == .init(by: -day, to: start + day + 2 * second))
        #expect(back?.horizon == start + 2 * day + 2 * second)
        // Many small steps are one jump at last.
        let steps = (1...5).map { read(start + day + 2 * second + $0 * second / 2, 5 + day + 2 * second) }
        #expect(steps.compactMap { $0?.by } == [5 * second / 2])
    }

    @Test("an entry: a pause keeps what was left of it, what was due stays due, what a true clock wrote stays")
    func entries() {
        let now = 1_000 * second
        let horizon = now + day
        func time(_ attempts: Int, at: Int64, written: Int64) -> Int64? {
            ClockWalk.time(
                of: JournalTable.WaitingTime(attempts: attempts, availableAt: at, writtenAt: written), horizon: horizon, now: now)
        }
        #expect(time(0, at: horizon - 5, written: horizon - 5) == now, "received, and never handled")
        #expect(time(0, at: horizon - 5, written: now - 5) == now, "put back by an operator")
        #expect(time(1, at: horizon + 4 * second, written: horizon - 1) == now + 4 * second)
        #expect(time(1, at: horizon - 4 * second, written: horizon - 5 * second) == now)
        #expect(time(1, at: now + 3_600 * second, written: now - 5) == nil, "asked for by a handler, before all that")
    }

    @Test("a command: no longer than the longest pause; a time that a user gave stays")
    func commands() {
        let now = 1_000 * second
        let horizon = now + day
        func time(_ attempts: Int, tried: Bool, enqueued: Int64, at: Int64) -> Int64? {
            ClockWalk.time(
                of: OutboxTable.WaitingTime(attempts: attempts, wasTried: tried, enqueuedAt: enqueued, availableAt: at),
                horizon: horizon, now: now, longestPause: 30 * second)
        }
        #expect(time(0, tried: false, enqueued: horizon, at: horizon) == now)
        #expect(time(0, tried: false, enqueued: now - 5, at: now + day) == nil, "notBefore")
        #expect(time(0, tried: true, enqueued: now - 5, at: horizon - 7) == now, "put back by an operator")
        #expect(time(2, tried: true, enqueued: now - 5, at: horizon + 4 * second) == now + 4 * second)
        #expect(time(2, tried: true, enqueued: now - 5, at: horizon + 2 * day) == now + 30 * second)
        var policy = CommandRetryPolicy()
        policy.rules[.invalidParameters] = .retry(maxAttempts: 3, cap: .seconds(90))
        #expect(policy.longestPause == .seconds(90))
        #expect(CommandRetryPolicy().longestPause == .seconds(30))
    }

    @Test("the file follows a clock that was set back, in slices")
    func walk() async throws {
        try await withStore { store in
            let times = try await store.writer.write { transaction -> [Int64: [Int64]] in
                let now = transaction.now
                let (waiting, fresh) = (try transaction.addEntry(.running), try transaction.addEntry(.pending))
                let attempt = FailedAttempt(
                    number: 1, outcome: .failed, startedAt: now + day, endedAt: now + day, error: "e")
                try JournalTable.retry(transaction, id: waiting, availableAt: now + day + 4 * second, attempt: attempt, run: 1)
                try transaction.connection.execute("UPDATE journal SET state_at = \(now + day) WHERE id = \(fresh)")
                for (notBefore, state) in [(nil, now + day), (now + 2 * day, nil)] as [(Int64?, Int64?)] {
                    let command = try Command.meshSend(to: "1", "x")
                    var columns = NewCommand(command, messageID: nil, node: nil, lane: nil, now: now)
                    columns.extras = notBefore.map { .init(notBefore: $0) }
                    let id = try command.payload.withBytes { try OutboxTable.enqueue(transaction, columns, data: $0) }
                    if let state {
                        try transaction.connection.execute(
                            "UPDATE outbox SET state_at = \(state), enqueued_at = \(state) WHERE id = \(id)")
                    }
                }
                try DedupeTable.remember(transaction, key: "k", entry: fresh)
                try transaction.connection.execute("UPDATE dedupe SET seen_at = \(now + day)")
                var walk = ClockWalk(number: 1, horizon: now + day)
                var steps = 0
                while !walk.isOver, steps < 10 {
                    try walk.step(transaction, now: now, longestPause: 30 * second)
                    steps += 1
                }
                #expect(walk.isOver)
                func list(_ sql: String) throws -> [Int64] {
                    var found: [Int64] = []
                    try transaction.connection.prepare(sql).forEach { found.append($0.int(0) - now) }
                    return found
                }
                return [
                    0: try list("SELECT state_at FROM journal ORDER BY id"),
                    1: try list("SELECT state_at FROM outbox ORDER BY id"),
                    2: try list("SELECT seen_at FROM dedupe"),
                ]
            }
            #expect(times == [0: [4 * second, 0], 1: [0, 2 * day], 2: [0]])
        }
    }

    @Test("P2: what an operator had sent while the clock was ahead is due when it is set back")
    func retried() async throws {
        try await withStore { store in
            try await store.writer.write { transaction in
                let now = transaction.now
                let command = try Command.meshSend(to: "1", "x")
                let columns = NewCommand(command, messageID: nil, node: nil, lane: nil, now: now)
                let id = try command.payload.withBytes { try OutboxTable.enqueue(transaction, columns, data: $0) }
                _ = try OutboxTable.cancel(transaction, id: id, time: now)
                _ = try OutboxTable.retryNow(transaction, id: id, time: now + day)
                var walk = ClockWalk(number: 1, horizon: now + day)
                while !walk.isOver { try walk.step(transaction, now: now, longestPause: 30 * second) }
                let time = try transaction.connection.integer("SELECT state_at FROM outbox WHERE id = \(id)")
                #expect(time == now)
            }
        }
    }

    @Test(
        "the relay: a refused command waits no longer than its pause, a sticky one no longer than its time, and no node is gone early"
    )
    func relay() throws {
        var relay = Relay(
            policy: CommandRetryPolicy(), nodeGrace: .seconds(30), windowCapacity: 100, random: SeededGenerator(seed: 1))
        let commands: [OutgoingCommand] = [
            OutgoingCommand(command: try .meshSend(to: "a", "x"), node: "n1", availableAt: 0),
            OutgoingCommand(command: try .meshSend(to: "b", "x"), node: "n1", availableAt: 0),
            OutgoingCommand(command: try .subscribe("c", to: ["r"]), node: "gone", availableAt: 0),
        ]
        for (index, command) in commands.enumerated() {
            _ = relay.load(Int64(index + 1), command, now: 0)
            relay.confirm(Int64(index + 1))
        }
        relay.window.passEnded()
        for node in ["n1", "n2"] {
            relay.nodeListed(node)
            relay.connected(node)
        }
        relay.directoryKnown()
        var now = 10 * day
        relay.nodeMissing("gone", now: now)
        let first = relay.nextSends(now: now).sends.map(\.id)
        #expect(first == [1, 2])
        _ = relay.replied(1, .failure(.sendFailed, message: "away"), now: now)
        relay.disconnected("n1")
        _ = relay.lost(2, now: now)
        let waiting = relay.nextSends(now: now).sends
        #expect(waiting.isEmpty)
        // A day ahead: the node that left a moment ago may still come back.
        now += day
        relay.clockJumped(by: day, now: now)
        let (early, none) = relay.nextSends(now: now + 1)
        #expect(none.isEmpty)
        #expect(early.map(\.id) == [1], "a retry is due too early by no more than its pause")
        _ = relay.replied(1, .failure(.sendFailed, message: "away"), now: now + 1)
        // And back again.
        now -= day
        relay.clockJumped(by: -day, now: now)
        _ = relay.tick(now: now)
        // The first pause is 0.7 s, a node's next connection is waited for 5 s, and a node that left 30 s.
        now += 6 * second
        _ = relay.tick(now: now)
        let (sends, changes) = relay.nextSends(now: now)
        #expect(Set(sends.map(\.id)) == [1, 2] && changes.isEmpty)
        now += 30 * second
        _ = relay.tick(now: now)
        // It has left memory meanwhile, since its node was away.
        _ = relay.load(3, commands[2], now: now)
        relay.confirm(3)
        let dead = relay.nextSends(now: now).changes.map(\.id)
        #expect(dead == [3])
    }

    @Test("the pace of commits: what was left of a wait stays")
    func pace() {
        var pace = CommitPace()
        pace.ended(now: day)
        pace.clockJumped(by: -day)
        let held = pace.hold(.successes, isHandlerIdle: false, now: 1_000)
        #expect(held == CommitPace.spacing)
        let due = pace.hold(.successes, isHandlerIdle: false, now: CommitPace.spacing)
        #expect(due == nil)
    }
}
