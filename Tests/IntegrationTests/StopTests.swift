import ConnmixDevEngine
import Logging
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("stopping", .timeLimit(.minutes(1)))
struct StopTests {
    /// A door that a handler waits at, without heeding cancellation where that is not asked for.
    private final class Gate: Sendable {
        private let (stream, continuation) = AsyncStream<Void>.makeStream()

        func open() { continuation.finish() }
        func wait() async { for await _ in stream {} }
    }

    /// Runs a consumer until `body` triggers its graceful shutdown, and returns when it has ended.
    private func stopping(
        _ configuration: ConsumerConfiguration, handlers: Handlers,
        _ body: @Sendable @escaping (ConnmixConsumer, GracefulShutdownTestTrigger) async throws -> Void
    ) async throws -> [ConsumerEvent] {
        let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers, logger: .quiet)
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await consumer.run() }
                try await body(consumer, trigger)
                try await group.waitForAll()
            }
        }
        var events: [ConsumerEvent] = []
        for await event in consumer.events { events.append(event) }
        return events
    }

    /// What the file says of entries, attempts and runs, once the consumer has ended.
    private func facts(_ database: String) throws -> String {
        try SharedStore(path: database).read { connection in
            try connection.text(
                """
                SELECT (SELECT group_concat(id || ':' || state || '/' || attempts, ' ') FROM (SELECT * FROM journal ORDER BY id))
                    || ', failed ' || (SELECT count(*) FROM attempt)
                    || ', clean ' || (SELECT group_concat(clean, '') FROM (SELECT * FROM run ORDER BY id))
                """)
        }
    }

    @Test("P2, P3: a graceful stop waits for running handlers; their commands are sent, and the node is left in order")
    func handlersFinish() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let tally = Tally()
                let gate = Gate()
                let handlers = Handlers(all: { message, context in
                    tally.handled(message.id)
                    await gate.wait()
                    try Task.checkCancellation()
                    try context.write { tables in
                        try tables.execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER NOT NULL) STRICT")
                        try tables.execute("INSERT INTO notes VALUES (?1)", .integer(message.id))
                    }
                    try context.meshSend(to: message.client, "done: \(message.text ?? "")")
                })
                let users = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                let events = try await stopping(testConfiguration(database, engine), handlers: handlers) { _, trigger in
                    for user in users { try await user.send(contentsOf: ["first", "second"]) }
                    await tally.wait(for: 2)
                    trigger.triggerGracefulShutdown()
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    // What comes after the unpop stays in the engine.
                    try await users[0].send("late")
                    try await engine.waitUntil { $0.nodes[0].queued == 1 }
                    gate.open()
                }
                #expect(try facts(database) == "1:8/1 2:2/0 3:8/1 4:2/0, failed 0, clean 1")
                #expect(try LedgerCounts(database).openCommands == 0)
                let notes = try SharedStore(path: database).read { try $0.text("SELECT group_concat(id) FROM notes") }
                #expect(notes == "1,3" || notes == "3,1")
                for user in users {
                    #expect(await user.frames.first { _ in true }?.text == "done: first")
                    #expect(user.receivedCount == 1)
                }
                let after = try await engine.waitUntil { $0.nodes[0].connections == 0 }
                #expect(after.nodes[0].queued == 1)
                #expect(try await engine.received().contains { $0.method == "queue.unpop" })
                let ends = events.compactMap { event in
                    if case .nodeDisconnected(_, let reason, let clean) = event { "\(reason) \(clean)" } else { nil }
                }
                #expect(ends == ["left true"])
            }
        }
    }

    @Test(
        "P2, P5: when the grace time is over handlers are cancelled; their attempts do not count, and the next run has them in order"
    )
    func graceRunsOut() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let tally = Tally()
                let sleepers = Handlers(all: { message, context in
                    tally.handled(message.id)
                    try context.meshSend(to: message.client, "never")
                    try await Task.sleep(for: .seconds(3_600))
                })
                var configuration = testConfiguration(database, engine)
                configuration.shutdownGrace = .milliseconds(50)
                let users = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                _ = try await stopping(configuration, handlers: sleepers) { _, trigger in
                    try await users[0].send(contentsOf: ["1", "2"])
                    try await users[1].send("1")
                    await tally.wait(for: 2)
                    trigger.triggerGracefulShutdown()
                }
                #expect(tally.count == 2)
                #expect(try facts(database) == "1:2/0 2:2/0 3:2/0, failed 0, clean 1")
                #expect(try LedgerCounts(database).openCommands == 0)
                // The file is free, and every message comes again as if for the first time.
                let next = Handlers(all: { message, context in
                    try context.meshSend(to: message.client, "\(message.text ?? "") attempt \(message.attempt)")
                })
                try await withConsumer(configuration, handlers: next) { _ in
                    var frames = users[0].frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "1 attempt 1")
                    #expect(await frames.next()?.text == "2 attempt 1")
                    #expect(await users[1].frames.first { _ in true }?.text == "1 attempt 1")
                }
            }
        }
    }

    @Test("P4: what the outbox could not send within its time is sent by the next run", arguments: [true, false])
    func outboxDoesNotDrain(isAnswered: Bool) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let node = engine.nodes[0].id
                let refusal = DevEngine.Fault.Action.error(code: 555, message: "not today")
                try await engine.addFault(.init(isAnswered ? refusal : .ignore, method: "mesh.send", times: nil), node: node)
                var configuration = testConfiguration(database, engine)
                configuration.drain = .milliseconds(50)
                configuration.replyTimeout = .milliseconds(200)
                let user = try await engine.connectEndUser()
                _ = try await stopping(configuration, handlers: echo) { _, trigger in
                    try await user.send("hello")
                    try await engine.waitUntil { $0.received > 1 }  // the pop, and the command
                    trigger.triggerGracefulShutdown()
                }
                #expect(try facts(database) == "1:8/1, failed 0, clean 1")
                #expect(try LedgerCounts(database).openCommands == 1)
                try await engine.clearFaults()
                configuration.drain = .seconds(10)
                _ = try await stopping(configuration, handlers: echo) { _, trigger in
                    #expect(await user.frames.first { _ in true }?.text == "received: hello")
                    trigger.triggerGracefulShutdown()
                }
                #expect(user.receivedCount == 1)
                #expect(try LedgerCounts(database).openCommands == 0)
            }
        }
    }

    @Test("P5: cancelling run() lets no message pass the one that it interrupted, and counts no attempt")
    func cancelled() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let configuration = testConfiguration(database, engine)
                let overtakers = Locked<[Int64]>([])
                for round in 0..<20 {
                    let tally = Tally()
                    let handlers = Handlers(all: { message, context in
                        guard message.text == "first" else { return overtakers.withLock { $0.append(message.id) } }
                        tally.handled(message.id)
                        try await Task.sleep(for: .seconds(3_600))
                    })
                    try await withConsumer(configuration, handlers: handlers) { _ in
                        if round == 0 { try await user.send(contentsOf: ["first", "second", "third"]) }
                        await tally.wait(for: 1)
                        if round == 0 { try await engine.waitUntil { $0.nodes[0].popped == 3 } }
                    }
                }
                #expect(overtakers.withLock { $0 } == [])
                #expect(try facts(database) == "1:2/0 2:2/0 3:2/0, failed 0, clean \(String(repeating: "1", count: 20))")
                try await withConsumer(configuration, handlers: echo) { _ in
                    var frames = user.frames.makeAsyncIterator()
                    for text in ["first", "second", "third"] {
                        #expect(await frames.next()?.text == "received: \(text)")
                    }
                }
            }
        }
    }

    @Test("P2: a handler that gives up because of the stop leaves its message as it was")
    func givingUp() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let tally = Tally()
                let patient = Handlers(all: { message, _ in
                    tally.handled(message.id)
                    try await gracefulShutdown()
                    throw CancellationError()
                })
                let user = try await engine.connectEndUser()
                _ = try await stopping(testConfiguration(database, engine), handlers: patient) { _, trigger in
                    try await user.send(contentsOf: ["first", "second"])
                    await tally.wait(for: 1)
                    trigger.triggerGracefulShutdown()
                }
                #expect(tally.count == 1)
                #expect(try facts(database) == "1:2/0 2:2/0, failed 0, clean 1")
            }
        }
    }

    @Test("P2: a cancellation during the grace time ends it at once, and loses nothing")
    func cancelledInGrace() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let tally = Tally()
                let sleepers = Handlers(all: { message, _ in
                    tally.handled(message.id)
                    try await Task.sleep(for: .seconds(3_600))
                })
                let user = try await engine.connectEndUser()
                let consumer = ConnmixConsumer(
                    configuration: testConfiguration(database, engine), handlers: sleepers, logger: .quiet)
                try await testGracefulShutdown { trigger in
                    let running = Task { try await consumer.run() }
                    try await user.send(contentsOf: ["first", "second"])
                    await tally.wait(for: 1)
                    trigger.triggerGracefulShutdown()
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    let began = ContinuousClock.now
                    running.cancel()
                    try await running.value
                    #expect(ContinuousClock.now - began < .seconds(5))
                }
                #expect(tally.count == 1)
                #expect(try facts(database) == "1:2/0 2:2/0, failed 0, clean 1")
            }
        }
    }

    @Test("P2: a cancellation while the last answers are waited for ends that at once, too")
    func cancelledInDrain() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await engine.addFault(.init(.ignore, method: "mesh.send", times: nil), node: engine.nodes[0].id)
                var configuration = testConfiguration(database, engine)
                configuration.drain = .zero
                let user = try await engine.connectEndUser()
                let consumer = ConnmixConsumer(configuration: configuration, handlers: echo, logger: .quiet)
                try await testGracefulShutdown { trigger in
                    let running = Task { try await consumer.run() }
                    try await user.send("hello")
                    try await engine.waitUntil { $0.received > 1 }  // the pop, and the command
                    trigger.triggerGracefulShutdown()
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    let began = ContinuousClock.now
                    running.cancel()
                    try await running.value
                    #expect(ContinuousClock.now - began < .seconds(5))
                }
                #expect(try facts(database) == "1:8/1, failed 0, clean 1")
                #expect(try LedgerCounts(database).openCommands == 1)
            }
        }
    }

    @Test(
        "P6: an attempt that gives up because of the stop, or whose batch the stop ended, counts nothing",
        arguments: [CancellationError(), Batches.CutShort()] as [any Error])
    func givesUp(_ error: any Error) async throws {
        let trial = HandlerTrial(Handlers(all: { _, _ in throw error }))
        let message = Message(topic: "chat", text: "x", id: 1)
        try await testGracefulShutdown { trigger in
            // As long as nobody stops it is a failure like any other.
            let running = try await trial.run(message).outcome
            guard case .retry = running else {
                Issue.record("\(running) without a stop")
                return
            }
            trigger.triggerGracefulShutdown()
            #expect(try await trial.run(message).outcome == .released)
        }
    }
}
