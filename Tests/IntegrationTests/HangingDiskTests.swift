import ConnmixDevEngine
import Dispatch
import ServiceLifecycleTestKit
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("disks that do not answer", .timeLimit(.minutes(1)))
struct HangingDiskTests {
    /// Keeps the writer's thread until it is let go, as a sync does that does not come back.
    private final class Sync: WriteOperation {
        private let back = DispatchSemaphore(value: 0)
        private let beginning = AsyncStream<Void>.makeStream()

        func comesBack() { back.signal() }

        /// Returns when the writer's thread is kept: what is submitted from now on comes into the next batch.
        func begins() async { for await _ in beginning.stream {} }

        func prepare() {
            beginning.continuation.finish()
            back.wait()
        }

        func apply(_ transaction: Transaction) {}
        func finish(_ result: Result<Void, any Error>) {}
    }

    private struct Run: Sendable {
        let consumer: ConnmixConsumer
        let tally = Tally()

        init(_ configuration: ConsumerConfiguration, _ body: @escaping @Sendable (Message) async -> Void = { _ in }) {
            var machinery = Machinery.threads
            machinery.patience = .milliseconds(300)
            machinery.closing = .milliseconds(200)
            consumer = ConnmixConsumer(
                configuration: configuration,
                handlers: Handlers(all: { [tally] message, _ in
                    tally.handled(message.id)
                    await body(message)
                }),
                logger: .quiet, machinery: machinery)
        }

        func hang() throws -> Sync {
            let sync = Sync()
            try consumer.runningCore().writer.submit(sync)
            return sync
        }

        func event(_ isWanted: (ConsumerEvent) -> Bool) async -> ConsumerEvent? {
            for await event in consumer.events where isWanted(event) { return event }
            return nil
        }

        func consuming() async {
            _ = await event { if case .nodeConsuming = $0 { true } else { false } }
        }

        func paused() async -> String? {
            let event = await event { if case .paused = $0 { true } else { false } }
            if case .paused(let reason)? = event { return reason }
            return nil
        }
    }

    @Test("P8: it is told of, nothing more is taken, whoever waits may go, and all goes on when the disk answers")
    func hangs() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let run = Run(testConfiguration(database, engine))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await run.consumer.run() }
                    await run.consuming()
                    let sync = try run.hang()
                    defer { sync.comesBack() }
                    _ = try await engine.feed(count: 10, clients: 2)
                    let reason = try #require(await run.paused())
                    #expect(reason.contains("the disk does not answer"))
                    #expect(run.consumer.standing.standstill == reason)
                    #expect(!run.consumer.isReady)
                    #expect(try Inspector(database: database).status().consumer.paused == reason)
                    try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                    // Whoever comes now is told so at once.
                    let refusal = await #expect(throws: ConnmixError.self) {
                        try await run.consumer.outbox.meshPublish(to: "room", "refused")
                    }
                    #expect(refusal?.code == .inputOutput)
                    sync.comesBack()
                    #expect(await run.event { if case .resumed = $0 { true } else { false } } != nil)
                    await run.tally.wait(for: 10)
                    #expect(run.consumer.standing.standstill == nil)
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    group.cancelAll()
                    try await group.waitForAll()
                }
                let counts = try LedgerCounts(database)
                #expect(counts.done == 10)
                #expect(try Inspector(database: database).status().outbox.values.reduce(0, +) == 0)
            }
        }
    }

    @Test("P8: whoever waits for a commit that does not come back may go: one that it took is unknown, the others are refused")
    func enqueues() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let run = Run(testConfiguration(database, engine))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await run.consumer.run() }
                    await run.consuming()
                    let core = try run.consumer.runningCore()
                    let first = try run.hang()
                    await first.begins()
                    let taken = Task { try await run.consumer.outbox.meshPublish(to: "room", "taken") }
                    await core.wait { !$0.enqueues.isEmpty }
                    // The next batch: the commit that takes it, and what hangs.
                    let second = try run.hang()
                    defer { second.comesBack() }
                    first.comesBack()
                    await core.wait { !$0.takenEnqueues.isEmpty }
                    let queued = Task { try await run.consumer.outbox.meshPublish(to: "room", "queued") }
                    await core.wait { !$0.enqueues.isEmpty }
                    // As when the commit came back just before: whoever waits is left to it.
                    core.answerEnqueues()
                    core.state.withLock { #expect($0.enqueues.count == 1 && $0.takenEnqueues.count == 1) }
                    let unknown = await #expect(throws: ConnmixError.self) { try await taken.value }
                    #expect(unknown?.code == .timedOut)
                    #expect(unknown?.message.contains("is not known") == true)
                    let refused = await #expect(throws: ConnmixError.self) { try await queued.value }
                    #expect(refused?.code == .inputOutput)
                    // They are answered first. What comes back before the pause is told of is told of by nobody.
                    await core.wait { $0.announcedPause != nil }
                    second.comesBack()
                    #expect(await run.event { if case .resumed = $0 { true } else { false } } != nil)
                    _ = try await run.consumer.outbox.meshPublish(to: "room", "after")
                    group.cancelAll()
                    try await group.waitForAll()
                }
                // What was taken was committed in the end; what was refused never.
                let texts = try Inspector(database: database).commands(OutboxFilter()).map {
                    String(decoding: $0.data ?? [], as: UTF8.self)
                }
                #expect(texts.count == 2 && !texts.contains { $0.contains("queued") }, "\(texts)")
            }
        }
    }

    @Test("P8: a closure of the user that holds up all commits is named, and not the disk")
    func closures() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let back = DispatchSemaphore(value: 0)
                var configuration = testConfiguration(database, engine)
                configuration.lanes = .by { _ in
                    back.wait()
                    return "lane"
                }
                let run = Run(configuration)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await run.consumer.run() }
                    await run.consuming()
                    _ = try await engine.feed(count: 1, clients: 1)
                    let reason = await run.paused()
                    #expect(reason?.contains("the closure that names lanes (Lanes) does not return") == true, "\(reason ?? "")")
                    back.signal()
                    await run.tally.wait(for: 1)
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("P8: a stop does not wait for it, and says how many messages are in no file")
    func stops() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.shutdownGrace = .milliseconds(200)
                configuration.drain = .milliseconds(100)
                let run = Run(configuration)
                let error = try await testGracefulShutdown { trigger in
                    async let end: Void = run.consumer.run()
                    await run.consuming()
                    let sync = try run.hang()
                    defer { sync.comesBack() }
                    _ = try await engine.feed(count: 10, clients: 2)
                    _ = try #require(await run.paused())
                    trigger.triggerGracefulShutdown()
                    do {
                        try await end
                        return nil as ConnmixError?
                    } catch { return error as? ConnmixError }
                }
                #expect(error?.code == .inputOutput)
                #expect(
                    error?.message.hasPrefix("10 messages may not be in \(database): the disk did not answer") == true,
                    "\(error?.message ?? "")"
                )
            }
        }
    }

    @Test("P2: the last commit saves messages where the file takes nothing else, and the run ends as one that died")
    func saves() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let (door, opener) = AsyncStream<Void>.makeStream()
                let run = Run(testConfiguration(database, engine)) { if $0.id == 1 { for await _ in door {} } }
                let error = try await withThrowingTaskGroup(of: ConnmixError?.self) { group in
                    group.addTask {
                        do { try await run.consumer.run() } catch { return error as? ConnmixError }
                        return nil
                    }
                    await run.consuming()
                    _ = try await engine.feed(count: 1, clients: 1)
                    await run.tally.wait(for: 1)
                    let core = try run.consumer.runningCore()
                    try await core.writer.write {
                        try $0.connection.execute(
                            "CREATE TEMP TRIGGER bad BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'a bad page'); END")
                    }
                    // The next commit has ten messages, and the outcome that cannot be written.
                    let sync = try run.hang()
                    _ = try await engine.feed(count: 10, clients: 10)
                    while core.atRisk < 10 { await Task.yield() }
                    opener.finish()
                    await core.wait { !$0.outcomes.isEmpty }
                    sync.comesBack()
                    return try await group.next() ?? nil
                }
                #expect(error?.message.contains("a bad page") == true)
                #expect(error?.message.contains("lost") == false)
                #expect(try LedgerCounts(database).entries == 11)
                let again = Tally()
                try await withConsumer(
                    testConfiguration(database, engine), handlers: Handlers(all: { message, _ in again.handled(message.id) })
                ) { _ in
                    await again.wait(for: 11)
                }
            }
        }
    }

    @Test("P8: old rows that cannot be deleted are told of, and keep nothing else from the file")
    func prunes() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retention = Retention(age: .milliseconds(1))
                let run = Run(configuration)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await run.consumer.run() }
                    await run.consuming()
                    try await run.consumer.runningCore().writer.write {
                        try $0.connection.execute(
                            "CREATE TEMP TRIGGER bad BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'a bad page'); END")
                    }
                    _ = try await engine.feed(count: 10, clients: 2)
                    await run.tally.wait(for: 10)
                    let told = await run.event {
                        if case .pruneFailed(let reason) = $0 { reason.contains("a bad page") } else { false }
                    }
                    #expect(told != nil)
                    _ = try await engine.feed(count: 10, clients: 2)
                    await run.tally.wait(for: 20)
                    group.cancelAll()
                    try await group.waitForAll()
                }
                #expect(try LedgerCounts(database).done == 20)
            }
        }
    }
}
