import ConnmixDevEngine
import Logging
import ServiceLifecycleTestKit
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("handlers that do not come back", .timeLimit(.minutes(1)))
struct HeldHandlerTests {
    private func makeConsumer(
        _ configuration: ConsumerConfiguration, logger: Logger = .quiet, _ handler: @escaping MessageHandler
    ) -> ConnmixConsumer {
        var machinery = Machinery.threads
        machinery.handlerPatience = .milliseconds(300)
        return ConnmixConsumer(
            configuration: configuration, handlers: Handlers(all: handler), logger: logger, machinery: machinery)
    }

    @Test("they are told of, status, doctor and metrics say which, and nothing more once they are back")
    func told() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.concurrency = 2
                let (door, opener) = AsyncStream<Void>.makeStream()
                let tally = Tally()
                let consumer = makeConsumer(configuration) { message, _ in
                    if message.id <= 2 { for await _ in door {} }
                    tally.handled(message.id)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await consumer.run() }
                    _ = try await engine.feed(count: 4, clients: 4)
                    let news = await consumer.events.find { event -> (Int, Int)? in
                        if case .handlersHeld(let count, let all, _, _) = event, count == 2 { (count, all) } else { nil }
                    }
                    #expect(news?.0 == 2 && news?.1 == 2)
                    let inspector = try Inspector(database: database)
                    var held = try inspector.status().held
                    while held?.count != 2 {
                        await Task.yield()
                        held = try inspector.status().held
                    }
                    #expect(held?.isAll == true && held?.handlers == 2)
                    #expect(Set(held?.messages.map(\.entry) ?? []) == [1, 2])
                    let work = try DatabaseDoctor(database: database).examine().findings.filter { $0.name == "work" }
                    #expect(work.map(\.level) == [.problem])
                    #expect(work.first?.words.contains("2 of 2 handlers") == true)
                    opener.finish()
                    await tally.wait(for: 4)
                    while try inspector.status().held != nil { await Task.yield() }
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("a message that waits for a process is held by nobody")
    func waiting() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                (configuration.concurrency, configuration.processes) = (2, 1)
                configuration.handlersAreProcesses = true
                configuration.handlerStanding = HandlerStanding("--worker")
                let (door, opener) = AsyncStream<Void>.makeStream()
                let isFree = Locked(true)
                let consumer = makeConsumer(configuration) { _, context in
                    let isMine = isFree.withLock { isFree in
                        defer { isFree = false }
                        return isFree
                    }
                    if isMine { context.begin() }
                    for await _ in door {}
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await consumer.run() }
                    _ = try await engine.feed(count: 2, clients: 2)
                    let news = await consumer.events.find { event -> [Int]? in
                        if case .handlersHeld(let count, let all, _, _) = event { [count, all] } else { nil }
                    }
                    #expect(news == [1, 1])
                    opener.finish()
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("a stop says which messages it interrupts, and which handlers go on though they are cancelled")
    func stops() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                (configuration.shutdownGrace, configuration.drain) = (.milliseconds(100), .milliseconds(100))
                let log = LineLog()
                let (door, opener) = AsyncStream<Void>.makeStream()
                let (begun, beginning) = AsyncStream<Void>.makeStream()
                let consumer = makeConsumer(configuration, logger: log.logger) { _, _ in
                    beginning.yield()
                    // Deaf: a task of its own is not cancelled with this one.
                    await Task { for await _ in door {} }.value
                }
                let lines = await testGracefulShutdown { trigger in
                    async let end: Void? = try? consumer.run()
                    _ = try? await engine.feed(count: 1, clients: 1)
                    for await _ in begun { break }
                    trigger.triggerGracefulShutdown()
                    let lines = await [log.line("the time for handlers is over"), log.line("handlers go on though")]
                    opener.finish()
                    _ = await end
                    return lines
                }
                #expect(lines.allSatisfy { $0.contains("\"entry\": 1") }, "\(lines)")
                let done = try LedgerCounts(database).done
                #expect(done == 1)
            }
        }
    }
}
