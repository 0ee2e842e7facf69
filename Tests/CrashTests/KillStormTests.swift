import ConnmixDevEngine
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import TestSupport

@testable import ConnmixDurable

/// A consumer at full speed is killed at random moments and started again on the same file.
///
/// `CONNMIX_CRASH_ROUNDS` sets how often; 20 where it is not set.
@Suite("kill storm", .timeLimit(.minutes(10)))
struct KillStormTests {
    private static let rounds = ProcessInfo.processInfo.environment["CONNMIX_CRASH_ROUNDS"].flatMap(Int.init) ?? 20

    @Test("P1, P2, P4, P5: after any number of kills every journaled message is done and answered, in order")
    func storm() async throws {
        try await withTemporaryDatabase { try await storm($0) }
    }

    private func storm(_ database: String) async throws {
        var random = SeededGenerator(for: "kill storm")
        try await withDevEngine(.init(nodes: 2)) { engine in
            try await engine.configure { $0.recording = false }
            var feeds: [Feed] = []
            for node in engine.nodes {
                feeds.append(
                    try await engine.feed(
                        node: node.id, count: Self.rounds * 1_000, clients: 20, perSecond: 3_000, recordsTexts: true))
            }
            for round in 0..<Self.rounds {
                let child = try Child.echo(database: database, center: engine.center)
                // Some are killed while they open the file, some as soon as they consume, most at full speed.
                if round % 10 != 9 {
                    let before = try await engine.snapshot().delivered
                    let more = round % 5 == 0 ? 1 : Int.random(in: 1...1_500, using: &random)
                    // Near the end there may be nothing left to answer; then it is killed idle.
                    _ = try? await engine.waitUntil(within: .seconds(1)) { $0.delivered >= before + more }
                }
                await child.kill()
            }
            try checkChaos(database, seed: random.seed)
            try await finish(database, engine, feeds)
            try await check(database, feeds)
        }
    }

    /// A storm in which nothing died in the midst of its work would prove nothing.
    private func checkChaos(_ database: String, seed: UInt64) throws {
        let (runs, unclean, answered) = try SharedStore(path: database).read { connection in
            (
                try connection.integer("SELECT count(*) FROM run"),
                try connection.integer("SELECT count(*) FROM run WHERE clean = 0"),
                try connection.integer("SELECT count(*) FROM outbox")
            )
        }
        // One round in ten is killed before it may have begun.
        #expect(Int(runs) >= Self.rounds * 8 / 10, "only \(runs) of \(Self.rounds) consumers began (CONNMIX_SEED=\(seed))")
        #expect(unclean == runs, "a consumer ended in order (CONNMIX_SEED=\(seed))")
        #expect(answered > 0, "nothing was handled while the storm went on (CONNMIX_SEED=\(seed))")
    }

    /// Lets a consumer in this process work off what is left, and stop in order.
    private func finish(_ database: String, _ engine: DevEngine, _ feeds: [Feed]) async throws {
        let handled = Mutex<Set<Int64>>([])
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        var configuration = ConsumerConfiguration(database: database, centers: [engine.center], topics: ["chat"])
        configuration.retry.maxAttempts = 100_000
        configuration.directoryRefresh = .seconds(1)
        // A busy lane sends one command a round trip: however many are left, all go out before the stop.
        configuration.drain = .seconds(600)
        var popped = 0
        for feed in feeds { popped -= try await feed.progress().popped }
        let open = FileManager.default.fileExists(atPath: database) ? try Self.open(database) : 0
        let consumer = ConnmixConsumer(configuration: configuration, logger: .quiet) { message, context in
            try context.meshSend(to: message.client, "received: \(message.text ?? "")")
            handled.withLock { _ = $0.insert(message.id) }
            signal.yield()
        }
        let group = ServiceGroup(configuration: .init(services: [.init(service: consumer)], logger: .quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for feed in feeds { try await feed.allSent() }
            for feed in feeds { popped += try await feed.progress().popped }
            let expected = open + popped
            // Now that only suspects wait for each other, the children may have left nothing to handle.
            signal.yield()
            for await _ in signals where handled.withLock({ $0.count }) >= expected { break }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private static func open(_ database: String) throws -> Int {
        // Claimed entries are open too; a dead process left them so.
        try Int(SharedStore(path: database).read { try $0.integer("SELECT count(*) FROM journal WHERE state < 8") })
    }

    private func check(_ database: String, _ feeds: [Feed]) async throws {
        let store = try SharedStore(path: database)
        let (integrity, states, commands) = try store.read { connection in
            (
                try connection.text("PRAGMA integrity_check"),
                try connection.text("SELECT group_concat(DISTINCT state) FROM journal"),
                try connection.text("SELECT group_concat(DISTINCT state) FROM outbox")
            )
        }
        #expect(integrity == "ok")
        #expect(states == "8", "journal states left: \(states)")
        #expect(commands == "8", "outbox states left: \(commands)")
        let (unanswered, doubled, counted) = try store.read { connection in
            (
                try connection.integer("SELECT count(*) FROM journal WHERE id NOT IN (SELECT message_id FROM outbox)"),
                try connection.integer("SELECT count(*) - count(DISTINCT message_id) FROM outbox"),
                try connection.integer(
                    """
                    SELECT (SELECT count(*) FROM journal) = (SELECT n FROM counter WHERE ledger = 1 AND state = 8)
                       AND (SELECT count(*) FROM outbox) = (SELECT n FROM counter WHERE ledger = 2 AND state = 8)
                    """)
            )
        }
        #expect(unanswered == 0)
        #expect(doubled == 0, "commands of a message were committed twice")
        #expect(counted == 1)
        for feed in feeds {
            for client in feed.clients {
                let received = try await feed.received(by: client)
                try store.read { connection in
                    let select = try connection.prepare(
                        "SELECT CAST(data AS TEXT) FROM outbox WHERE target = ?1 ORDER BY id")
                    select.bind(1, client)
                    var committed: [String] = []
                    try select.forEach { committed.append($0.text(0)) }
                    // Every committed command arrived; without its repeats, what arrived is in the order of the commits.
                    var seen: Set<String> = []
                    let firsts = received.filter { seen.insert($0).inserted }
                    let isSame = firsts == committed
                    #expect(isSame, "client \(client) received \(firsts.count) of \(committed.count), or in another order")
                    let numbers = committed.compactMap { Int($0.drop { !$0.isNumber }.prefix { $0.isNumber }) }
                    #expect(numbers.count == committed.count)
                    #expect(numbers == numbers.sorted(), "client \(client) was handled out of order")
                }
            }
        }
    }
}
