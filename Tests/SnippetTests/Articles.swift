// The code of the DocC articles that no other document shows.

import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Logging
import Testing

private func outcomes() {
    // snippet.outcomes
    var handlers = Handlers()
    handlers.handle("chat") { message, context in
        guard let text = message.text else { throw HandlerError.permanent("no text") }
        guard text != "busy" else { throw HandlerError.retry(after: .seconds(5), reason: "the other side is busy") }
        try context.meshSend(to: message.client, "received: \(text)")
    }
    // snippet.end
}

private func commandRules(_ configuration: inout ConsumerConfiguration) {
    // snippet.command-rules
    configuration.commandRetry.rules[EngineErrorCode(rawValue: 503)] = .retry(maxAttempts: 20, base: .seconds(1))
    configuration.commandRetry.maxUnreachableAnswers = 5
    configuration.commandRetry.buriesCommandsOfGoneClients = true
    // snippet.end
}

private func errorRules(_ configuration: inout ConsumerConfiguration) {
    struct Unavailable: Error {}
    // snippet.error-rules
    configuration.retry = RetryPolicy(maxAttempts: 5)
    configuration.retryForError = { error in
        error is Unavailable ? RetryPolicy(maxAttempts: 100, base: .seconds(1), cap: .seconds(300)) : nil
    }
    // snippet.end
}

private func otherNode(_ consumer: ConnmixConsumer, _ message: Message) async throws {
    // snippet.node
    let mute = try Command.setContextValue(message.client, "muted", true).with { $0.node = message.node }
    try await consumer.outbox.enqueue(mute)
    // snippet.end
}

private func events(_ consumer: ConnmixConsumer, _ alarm: @Sendable (String) -> Void) async {
    // snippet.events
    for await event in consumer.events {
        switch event {
        case .handlerFailed(let id, _, let error, isDead: true): alarm("entry \(id) is dead: \(error)")
        case .commandUnknown(let id, let reason): alarm("command \(id): \(reason)")
        case .paused(let reason): alarm("nothing is taken: \(reason)")
        default: break
        }
    }
    // snippet.end
}

private func status(_ path: String) throws -> StatusReport {
    // snippet.status
    let inspector = try Inspector(database: path)
    let status = try inspector.status()
    print(status.consumer.isRunning, status.journal[.dead] ?? 0, status.outbox[.pending] ?? 0)
    print(status.lossBound.text)
    // snippet.end
    return status
}

private func repair(_ path: String) throws -> [Int64] {
    let inspector = try Inspector(database: path)
    var retried: [Int64] = []
    // snippet.repair-causes
    let journal = try JournalOperator(database: path, actor: "night watch")
    let hourAgo = Int64((Date.now.timeIntervalSince1970 - 3_600) * 1_000_000)
    for cause in try inspector.causes(since: hourAgo) where cause.error.contains("price service") {
        var filter = JournalFilter()
        filter.states = [.dead]
        filter.cause = cause.id
        filter.limit = 10_000
        let ids = try inspector.entries(filter, withData: false).map(\.id)
        guard !ids.isEmpty else { continue }
        let report = try journal.retry(ids, reason: "the price service is back")
        print("\(report.applied.count) of \(ids.count) are tried again; action \(report.action)")
        // snippet.hide
        retried += report.applied
        // snippet.show
    }
    // snippet.end
    return retried
}

private func waits(_ path: String) throws -> [CommandWait] {
    let inspector = try Inspector(database: path)
    var waits: [CommandWait] = []
    // snippet.waits
    var filter = OutboxFilter()
    filter.states = [.pending]
    filter.order = .oldest
    for command in try inspector.commands(filter, withData: false) {
        print(command.id, command.kind, try inspector.waits(of: command))
        // snippet.hide
        waits += try inspector.waits(of: command)
        // snippet.show
    }
    // snippet.end
    return waits
}

private func doctor(_ path: String) throws -> HealthReport {
    // snippet.doctor
    let health = try DatabaseDoctor(database: path).examine()
    for finding in health.findings where finding.level != .ok { print(finding.name, finding.words) }
    // snippet.end
    return health
}

@Suite("the DocC articles", .timeLimit(.minutes(1)))
struct Articles {
    // snippet.fault-test
    @Test func answersAgainAfterALostConnection() async throws {
        let database = try TrialDatabase()
        try await withDevEngine { engine in
            // The engine applies the first frame to an end user, and the connection is gone before it could say so.
            try await engine.addFault(.init(.dropAfter(), method: "mesh.send"), node: engine.nodes[0].id)
            let consumer = ConnmixConsumer(
                configuration: .init(database: database.path, centers: [engine.center], topics: ["chat"]),
                handlers: makeHandlers())
            async let _ = consumer.run()
            let user = try await engine.connectEndUser()
            var frames = user.frames.makeAsyncIterator()
            try await user.send("hello")
            #expect(await frames.next()?.text == "received: hello")
            // At least once: nobody could know that the end user had it.
            #expect(await frames.next()?.text == "received: hello")
        }
    }
    // snippet.end

    @Test func rulesAreAccepted() async throws {
        outcomes()
        var configuration = ConsumerConfiguration(topics: ["chat"])
        commandRules(&configuration)
        errorRules(&configuration)
        #expect(configuration.commandRetry.rules.count == 1)
        #expect(configuration.retryForError(CancellationError())?.maxAttempts == nil)
    }

    @Test func whatIsDeadIsFoundByItsCauseAndRetried() async throws {
        let database = try TrialDatabase()
        try await withDevEngine { engine in
            let configuration = ConsumerConfiguration(database: database.path, centers: [engine.center], topics: ["chat"])
            let consumer = ConnmixConsumer(configuration: configuration) { message, context in
                throw HandlerError.permanent("the price service is out")
            }
            async let _ = consumer.run()
            let (dead, reported) = AsyncStream<String>.makeStream()
            async let _ = events(consumer) { reported.yield($0) }
            let user = try await engine.connectEndUser()
            try await user.send("hello")
            #expect(await dead.first { _ in true } == "entry 1 is dead: the price service is out")
            // The commit that says so may still be on its way.
            _ = try await consumer.outbox.meshPublish(to: "news", "hello").answer(within: .seconds(10))
            #expect(try status(database.path).journal[.dead] == 1)
            #expect(try repair(database.path) == [1])
        }
        #expect(try doctor(database.path).level != .problem)
        _ = try SharedOutbox(database: database.path).enqueue(.meshPublish(to: "news", "hello"))
        #expect(try waits(database.path).contains(.consumer))
    }
}
