import ConnmixDevEngine
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("repairing beside a running consumer", .timeLimit(.minutes(1)))
struct RepairTests {
    struct Failure: Error {}

    /// Fails while it is told to; else answers with text and attempt.
    private final class Switch: Sendable {
        private let isBroken = Locked(true)
        func mend() { isBroken.withLock { $0 = false } }

        var handlers: Handlers {
            Handlers(all: { message, context in
                if message.text == "bad", self.isBroken.withLock({ $0 }) { throw Failure() }
                try context.meshSend(to: message.client, "\(message.text ?? "") \(message.attempt)")
            })
        }
    }

    private func withRepair(
        waiting: Duration = .seconds(3600), maxAttempts: Int = 10,
        _ body: (DevEngine, ConnmixConsumer, JournalOperator, Switch, String) async throws -> Void
    ) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retry.base = waiting
                configuration.retry.cap = waiting
                configuration.retry.maxAttempts = maxAttempts
                // What fails here fails for one cause, and is not to be waited out.
                configuration.probeAfter = 0
                let handling = Switch()
                try await withConsumer(configuration, handlers: handling.handlers) { consumer in
                    _ = await consumer.events.first { if case .nodeConsuming = $0 { true } else { false } }
                    let journal = try JournalOperator(database: database)
                    try await body(engine, consumer, journal, handling, database)
                }
                // The kept counters agree with the rows, and nothing vanished.
                let counts = try LedgerCounts(database)
                let status = try Inspector(database: database).status()
                #expect(status.journal.values.reduce(0, +) == counts.entries)
                #expect(status.journal[.done] == counts.done)
                #expect(status.journal[.dead] == counts.dead)
                #expect(counts.claimed == 0)
            }
        }
    }

    private func failure(_ consumer: ConnmixConsumer) async {
        _ = await consumer.events.first { if case .handlerFailed = $0 { true } else { false } }
    }

    @Test("P2: a waiting entry is discarded: its lane goes on; restored, it is handled; undo of a discard the same")
    func discard() async throws {
        try await withRepair { engine, consumer, journal, handling, database in
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            try await user.send(contentsOf: ["bad", "next"])
            await failure(consumer)
            let discard = try journal.discard([1], reason: "poison")
            #expect(discard.applied == [1])
            #expect(await frames.next()?.text == "next 1")
            #expect(try Inspector(database: database).entry(1).entry.state == .discarded)
            handling.mend()
            #expect(try journal.restore([1]).applied == [1])
            #expect(await frames.next()?.text == "bad 1")
        }
    }

    @Test("P2: what an operator does is seen, however often the consumer is asked meanwhile whether it lives")
    func beatingHeart() async throws {
        try await withRepair { engine, consumer, journal, handling, _ in
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            try await user.send("bad")
            await failure(consumer)
            handling.mend()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        let lives = await consumer.signOfLife()
                        // A question that is cancelled is given up.
                        #expect(lives || Task.isCancelled)
                    }
                }
                try journal.retry([1])
                #expect(await frames.next()?.text == "bad 2")
                group.cancelAll()
            }
        }
    }

    @Test("undo of a discard: the entry waits again for its old time, and can be retried now")
    func undoDiscard() async throws {
        try await withRepair { engine, consumer, journal, handling, database in
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            try await user.send("bad")
            await failure(consumer)
            let before = try Inspector(database: database).entry(1).entry
            let discard = try journal.discard([1])
            #expect(try journal.undo(discard.action).applied == [1])
            let after = try Inspector(database: database).entry(1).entry
            #expect(after.state == .pending && after.availableAt == before.availableAt && after.attempts == 1)
            handling.mend()
            try journal.retry([1])
            #expect(await frames.next()?.text == "bad 2")
        }
    }

    @Test("a waiting entry that is retried now is handled within 250 ms, with its attempts counted on")
    func retryNow() async throws {
        try await withRepair { engine, consumer, journal, handling, _ in
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            try await user.send("bad")
            await failure(consumer)
            handling.mend()
            let start = ContinuousClock.now
            #expect(try journal.retry([1], reason: "mended").applied == [1])
            #expect(await frames.next()?.text == "bad 2")
            // The promise is 250 ms; the rest is for a machine that does other things too.
            #expect(ContinuousClock.now - start < .seconds(2))
        }
    }

    @Test("a dead entry that is retried has all its attempts again, and keeps the record of the old ones")
    func retryDead() async throws {
        try await withRepair(waiting: .milliseconds(1), maxAttempts: 2) { engine, consumer, journal, handling, database in
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            func died() async {
                _ = await consumer.events.first { if case .handlerFailed(_, _, _, true) = $0 { true } else { false } }
            }
            try await user.send("bad")
            await died()
            try journal.retry([1])
            await died()
            handling.mend()
            try journal.retry([1])
            #expect(await frames.next()?.text == "bad 1")
            let detail = try Inspector(database: database).entry(1)
            #expect(detail.attempts.map(\.attempt).sorted() == [1, 1, 2, 2])
        }
    }

    @Test("a replay of a done entry is handled by the running consumer, with the old payload or another")
    func replay() async throws {
        try await withRepair { engine, consumer, journal, _, database in
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            try await user.send("one")
            #expect(await frames.next()?.text == "one 1")
            let inspector = try Inspector(database: database)
            let data = try #require(try inspector.entry(1).entry.data)
            #expect(try journal.replay([1]).replays == [2])
            #expect(await frames.next()?.text == "one 1")
            let edited = Array(String(decoding: data, as: UTF8.self).replacing("one", with: "two").utf8)
            #expect(try journal.replay([1], payload: edited, reason: "typo").replays == [3])
            #expect(await frames.next()?.text == "two 1")
            #expect(try inspector.entry(1).replays == [2, 3])
            // New messages and replays share the ids.
            try await user.send("three")
            #expect(await frames.next()?.text == "three 1")
            #expect(try inspector.entry(4).entry.replayOf == nil)
        }
    }

    @Test("P2: operators and a busy consumer change the same entries, and none vanishes")
    func storm() async throws {
        try await withRepair(waiting: .milliseconds(20), maxAttempts: 1_000_000) {
            engine, consumer, journal, handling, database in
            var users: [EndUser] = []
            for _ in 0..<10 { users.append(try await engine.connectEndUser()) }
            for user in users { try await user.send(contentsOf: (0..<20).map { $0 % 2 == 0 ? "bad" : "good" }) }
            let ids = (1...200).map { Int64($0) }
            var generator = SystemRandomNumberGenerator()
            for _ in 0..<40 {
                await failure(consumer)
                let some = ids.filter { _ in Bool.random(using: &generator) }
                let report = try journal.discard(some)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: if !report.applied.isEmpty { try journal.undo(report.action) }
                case 1: try journal.restore(some)
                default: try journal.retry(some)
                }
            }
            handling.mend()
            try journal.restore(ids)
            var frames = 0
            for user in users {
                var received = user.frames.makeAsyncIterator()
                for _ in 0..<20 where await received.next() != nil { frames += 1 }
            }
            #expect(frames == 200)
        }
    }
}
