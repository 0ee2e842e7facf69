import ConnmixDevEngine
import Logging
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the loss ledger of a process that died", .timeLimit(.minutes(2)))
struct DeadRunTests {
    @Test("P11: the next start closes what a killed process left open, as unclean, and says when no consumer ran")
    func killed() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let child = try Child("crash-child", [database, engine.center])
                let feed = try await engine.feed(count: 100_000, clients: 20, perSecond: 2_000)
                try await feed.waitUntil(answered: 500)
                await child.kill()
                let inspector = try Inspector(database: database)
                // Before the next start the process is known to be gone, and its account is still open.
                let open = try #require(try inspector.epochs().first)
                #expect(open.end == .unclean)
                #expect(open.closedAt == nil)
                #expect(open.reason == "the process died")

                var configuration = ConsumerConfiguration(database: database, centers: [engine.center], topics: ["chat"])
                configuration.retry.maxAttempts = 1_000
                let consumer = ConnmixConsumer(configuration: configuration, logger: .quiet) { _, _ in }
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await consumer.run() }
                    for await event in consumer.events {
                        if case .nodeConsuming = event { break }
                    }
                    tasks.cancelAll()
                    try await tasks.waitForAll()
                }
                var filter = EpochFilter()
                filter.onlyUnclean = true
                let epoch = try #require(try inspector.epochs(filter).first)
                #expect(epoch.id == open.id)
                #expect(epoch.reason?.hasPrefix("the process died") == true)
                #expect(epoch.mayBeLost?.contains("never more than") == true)
                #expect(epoch.closedAt.map { $0 >= epoch.openedAt } == true)
                let gap = try #require(try inspector.gaps().first { $0.reason.contains("its process died") })
                #expect(gap.node == epoch.node)
                #expect(gap.run == epoch.run)
                #expect(gap.endedAt.map { $0 > gap.beganAt } == true)
                #expect(try inspector.gaps().contains { $0.beganAt == gap.endedAt && $0.run == epoch.run + 1 })
                let runs = try inspector.runs()
                #expect(runs.map(\.end) == [.clean, .unclean])
            }
        }
    }

    @Test("P11: killed while nothing could be committed: the ledger states a bound that held, before and after the next start")
    func bound() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let child = try Child("crash-child", [database, engine.center])
                try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                let inspector = try Inspector(database: database)
                while try inspector.epochs().isEmpty { await Task.yield() }
                let other = try DatabaseFile(path: database).openForChanges()
                try other.execute("BEGIN IMMEDIATE")
                let user = try await engine.connectEndUser()
                try await user.send(contentsOf: (0..<500).map { "\($0)" })
                while try inspector.status().atRisk < 500 { await Task.yield() }
                await child.kill()
                try other.execute("ROLLBACK")
                #expect(try inspector.status().lossBound.high == 500)
                #expect(try inspector.epochs().first?.mayBeLost?.contains("never more than 500 at a time") == true)
                #expect(try inspector.runs().first?.atRiskHigh == 500)

                let next = try Child("crash-child", [database, engine.center])
                while try inspector.runs().count < 2 { await Task.yield() }
                await next.kill()
                #expect(try inspector.runs().last?.atRiskHigh == 500)
                let epoch = try #require(try inspector.epochs().last)
                #expect(epoch.mayBeLost?.contains("never more than 500 at a time") == true)
                #expect(epoch.reason?.hasPrefix("the process died, at most 500 messages read and not committed then;") == true)
            }
        }
    }
}
