import ConnmixDevEngine
import ConnmixDurable
import Glibc
import Logging
import ServiceLifecycle

/// The whole of it in one process: engine, end users, consumer, a node that hangs and restarts, and the account.
struct Demo {
    let messages: Int
    let database: String

    private static let usersPerNode = 10
    private static let topic = "demo"
    /// Its runs are known by it.
    static let handlerVersion = "demo"

    func run() async throws -> DemoAccount {
        var settings = DevEngine.Configuration(nodes: 2, topics: [Self.topic])
        settings.topicSize = max(settings.topicSize, messages)
        settings.settings.recording = false
        return try await withDevEngine(settings) { engine in
            let consumer = ConnmixConsumer(configuration: configuration(engine), logger: logger) { message, context in
                try context.meshSend(to: message.client, "received: \(message.text ?? "")")
            }
            let before = try lastIDs()
            let services = ServiceGroup(services: [consumer], logger: logger)
            return try await withThrowingTaskGroup(of: DemoAccount?.self) { group in
                group.addTask {
                    try await services.run()
                    return nil
                }
                group.addTask {
                    let record = try await drive(engine)
                    await services.triggerGracefulShutdown()
                    return try await DemoAccount(record, database: database, after: before)
                }
                var account: DemoAccount?
                while let next = try await group.next() { account = next ?? account }
                guard let account else { throw Failure(.bug, "the demo ended without an account") }
                return account
            }
        }
    }

    private var logger: Logger {
        var logger = Logger(label: "demo") { _ in LineLogHandler(format: .text) }
        logger.logLevel = .error
        return logger
    }

    private func configuration(_ engine: DevEngine) -> ConsumerConfiguration {
        var configuration = ConsumerConfiguration(database: database, centers: [engine.center], topics: [Self.topic])
        configuration.handlerVersion = Self.handlerVersion
        configuration.directoryRefresh = .seconds(1)
        configuration.backoffCap = .seconds(1)
        configuration.nodeGrace = .seconds(2)
        // Whoever is gone here does not come back; nobody wants to watch for two seconds a command.
        configuration.commandRetry.unreachablePause = .milliseconds(20)
        return configuration
    }

    /// Rows that an earlier use of the file left are not counted.
    private func lastIDs() throws -> (journal: Int64, outbox: Int64) {
        guard access(database, F_OK) == 0 else { return (0, 0) }
        let inspector = try Inspector(database: database)
        var entries = JournalFilter()
        var commands = OutboxFilter()
        (entries.limit, commands.limit) = (1, 1)
        return (
            try inspector.entries(entries, withData: false).first?.id ?? 0,
            try inspector.commands(commands, withData: false).first?.id ?? 0
        )
    }

    // MARK: The story

    private func drive(_ engine: DevEngine) async throws -> DemoRecord {
        let record = DemoRecord()
        let progress = DemoProgress(total: messages, record: record)
        let nodes = engine.nodes.map(\.id)
        try await engine.waitUntil(within: .seconds(10)) { $0.nodes.allSatisfy { $0.consumers > 0 } }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await progress.run() }
            try await withThrowingTaskGroup(of: Void.self) { senders in
                senders.addTask { try await sendAll(engine, node: nodes[0], numbers: even, record) }
                senders.addTask { try await sendAndRestart(engine, node: nodes[1], numbers: odd, record) }
                try await senders.waitForAll()
            }
            try await settle(engine)
            group.cancelAll()
            try await group.waitForAll()
            for user in record.users { await user.close() }
            return record
        }
    }

    private var even: [Int] { Array(stride(from: 0, to: messages, by: 2)) }
    private var odd: [Int] { Array(stride(from: 1, to: messages, by: 2)) }

    private func sendAll(_ engine: DevEngine, node: String, numbers: [Int], _ record: DemoRecord) async throws {
        let users = try await connect(engine, node, record)
        try await send(engine, numbers[...], from: users, record)
    }

    /// Half of the messages; the node hangs, its end users go on for a moment, it restarts; the other half.
    private func sendAndRestart(
        _ engine: DevEngine, node: String, numbers: [Int], _ record: DemoRecord
    ) async throws {
        let users = try await connect(engine, node, record)
        let half = numbers.count / 2
        let last = max(10, min(200, half / 10))
        try await send(engine, numbers[..<(half - last)], from: users, record)
        try await push(numbers[(half - last)..<(half - last / 2)], from: users, record)
        try await engine.cutNode(node)
        try await push(numbers[(half - last / 2)..<half], from: users, record)
        // A hung node hands nothing out, and nobody else sends to it: these numbers are what the restart finds.
        guard let found = try await engine.snapshot().node(node) else {
            throw Failure(.bug, "the engine does not know its node \(node)")
        }
        record.restarts(node: node, popped: found.popped, queued: found.queued, dropped: found.dropped)
        let restarted = try await engine.restartNode(node, reset: true)
        try await engine.healNode(restarted.id)
        let back = try await connect(engine, restarted.id, record)
        try await send(engine, numbers[half...], from: back, record)
    }

    private func connect(_ engine: DevEngine, _ node: String, _ record: DemoRecord) async throws -> [EndUser] {
        var users: [EndUser] = []
        for _ in 0..<Self.usersPerNode { users.append(try await engine.connectEndUser(node: node)) }
        record.connected(users)
        return users
    }

    /// Sends over some four seconds, or as fast as the queue is taken.
    private func send(
        _ engine: DevEngine, _ numbers: ArraySlice<Int>, from users: [EndUser], _ record: DemoRecord
    ) async throws {
        let batch = 20
        let pause = Duration.seconds(4) / Double(max(1, messages / 2 / batch))
        var due = ContinuousClock.now
        var rest = numbers
        guard let node = users.first?.node else { return }
        while !rest.isEmpty {
            try await push(rest.prefix(batch), from: users, record)
            rest = rest.dropFirst(batch)
            due += pause
            try await Task.sleep(until: due)
            try await engine.waitUntil(within: .seconds(60)) { ($0.node(node)?.queued ?? 0) < 1_000 }
        }
    }

    /// Sends now, one after the other: their order in the node's queue is the order of `numbers`.
    private func push(_ numbers: ArraySlice<Int>, from users: [EndUser], _ record: DemoRecord) async throws {
        for number in numbers {
            let user = users[(number / 2) % users.count]
            try await user.send("demo \(number)")
            record.sent(number, by: user)
        }
    }

    /// Waits until nothing moves any more: all that was handed out is handled and all commands are settled, or ten seconds
    /// brought no progress.
    private func settle(_ engine: DevEngine) async throws {
        let inspector = try Inspector(database: database)
        var last: [Int64] = []
        var quietSince = ContinuousClock.now
        while ContinuousClock.now - quietSince < .seconds(10) {
            let status = try inspector.status()
            let snapshot = try await engine.snapshot()
            let popped = snapshot.nodes.filter(\.isRunning).reduce(0) { $0 + $1.popped }
            let queued = snapshot.nodes.reduce(0) { $0 + $1.queued }
            let open = (status.journal[.pending] ?? 0) + (status.journal[.running] ?? 0) + (status.outbox[.pending] ?? 0)
            let done = status.journal[.done] ?? 0
            // Of the restarted node's last messages nobody knows here how many arrived; they were before all the others.
            if open == 0, queued == 0, Int(done) >= popped, last.first == done { return }
            if last != [done, open] { quietSince = .now }
            last = [done, open]
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
