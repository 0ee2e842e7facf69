import ConnmixDevEngine
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("the loss ledger, with an engine", .timeLimit(.minutes(1)))
struct LossTests {
    /// How many entries of the node lie between an epoch's first and last.
    private func entries(_ database: String, of epoch: EpochRecord) throws -> Int64 {
        try SharedStore(path: database).read { connection in
            let select = try connection.statement("SELECT count(*) FROM journal WHERE node = ?1 AND id BETWEEN ?2 AND ?3")
            select.bind(1, epoch.node)
            select.bind(2, epoch.firstEntry ?? 0)
            select.bind(3, epoch.lastEntry ?? -1)
            return try select.first { $0.int(0) } ?? 0
        }
    }

    private func oldestFirst(_ database: String) throws -> (epochs: [EpochRecord], gaps: [GapRecord]) {
        let inspector = try Inspector(database: database)
        var epochs = EpochFilter()
        epochs.order = .oldest
        var gaps = GapFilter()
        gaps.order = .oldest
        return (try inspector.epochs(epochs), try inspector.gaps(gaps))
    }

    @Test("P11: a node that is cut in the middle: its epoch ends uncleanly, and every message read is accounted for")
    func cut() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.pingInterval = .milliseconds(100)
                configuration.connectTimeout = .milliseconds(300)
                let feed = try await engine.feed(count: 8_000, clients: 20, perSecond: 5_000)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    try await feed.waitUntil(answered: 500)
                    try await engine.cutNode(engine.nodes[0].id)
                    for await event in consumer.events {
                        if case .nodeDisconnected = event { break }
                    }
                    try await engine.healNode(engine.nodes[0].id)
                    for await event in consumer.events {
                        if case .nodeConsuming = event { break }
                    }
                    try await feed.allSent()
                }
                let (epochs, gaps) = try oldestFirst(database)
                #expect(epochs.count >= 2)
                let first = try #require(epochs.first)
                #expect(first.end == .unclean)
                // Two patiences of one length run: which of them ends first is the machine's affair.
                let silences = ["nothing was heard", "no command was answered"]
                #expect(silences.contains { first.reason?.contains($0) == true }, "\(first.reason ?? "")")
                #expect(first.mayBeLost?.contains("what was read is in the journal") == true)
                #expect(epochs.last?.end == .clean)
                for epoch in epochs where epoch.frames > 0 {
                    #expect(try entries(database, of: epoch) == epoch.frames)
                    #expect(epoch.bytes > epoch.frames)
                }
                #expect(epochs.reduce(0) { $0 + $1.frames } == (try LedgerCounts(database)).entries)
                let gap = try #require(gaps.first { gap in silences.contains { gap.reason.contains($0) } })
                #expect(gap.beganAt == first.closedAt)
                #expect(gap.endedAt.map { $0 > gap.beganAt } == true)
            }
        }
    }

    @Test("P11: a clean stop ends its epochs cleanly, and nodes are not consumed until the next run begins")
    func cleanStop() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                for run in 1...2 {
                    try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                        var count = 0
                        for await event in consumer.events {
                            if case .nodeConsuming = event { count += 1 }
                            if count == 2 { break }
                        }
                    }
                    let (epochs, gaps) = try oldestFirst(database)
                    #expect(epochs.count == 2 * run)
                    #expect(epochs.allSatisfy { $0.end == .clean && $0.consumingAt != nil && $0.mayBeLost == nil })
                    let away = gaps.filter { $0.cause == .noConsumer }
                    #expect(away.count == 2 * run)
                    #expect(away.filter { $0.endedAt == nil }.map(\.run) == [Int64(run), Int64(run)])
                    #expect(gaps.filter { $0.endedAt == nil }.count == 2)
                }
                // The next run's own gap begins where that of the time between the runs ends.
                let (_, gaps) = try oldestFirst(database)
                let between = try #require(gaps.first { $0.cause == .noConsumer && $0.endedAt != nil })
                #expect(gaps.contains { $0.node == between.node && $0.run == 2 && $0.beganAt == between.endedAt })
            }
        }
    }

    @Test("P11: a node that is removed leaves no gap behind")
    func removed() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let node = engine.nodes[0].id
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await engine.removeNode(node)
                    for await event in consumer.events {
                        if case .nodeRemoved = event { break }
                    }
                }
                let (epochs, gaps) = try oldestFirst(database)
                #expect(epochs.first { $0.node == node }?.end == .clean)
                #expect(gaps.filter { $0.node == node && $0.endedAt == nil }.isEmpty)
                #expect(gaps.filter { $0.node == node }.count == 1)
            }
        }
    }

    @Test("P11: a node that restarts: its epoch ended uncleanly, and its successor's gap says what was lost")
    func restarted() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let old = engine.nodes[0].id
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let new = try await engine.restartNode(old).id
                    try await engine.waitUntil { $0.node(new)?.consumers == 1 }
                    let user = try await engine.connectEndUser()
                    try await user.send("hi")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "received: hi")
                }
                let (epochs, gaps) = try oldestFirst(database)
                #expect(epochs.first?.end == .unclean)
                let gap = try #require(gaps.first { $0.reason.contains("restarted") })
                #expect(gap.node != old)
                #expect(gap.mayBeLost == "what its queues held when it stopped")
            }
        }
    }

    @Test("P11: a node that restarted between two runs: its gap says what was lost")
    func restartedMeanwhile() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let old = engine.nodes[0].id
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                    _ = try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                }
                let new = try await engine.restartNode(old).id
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { _ in
                    _ = try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                }
                let lost = try oldestFirst(database).gaps.filter { $0.mayBeLost == "what its queues held when it stopped" }
                #expect(lost.map(\.node) == [new])
                #expect(lost.first?.reason.contains("while no consumer was running the node restarted") == true)
            }
        }
    }

    @Test("P11: a pause is a gap with its reason, and the most that was at risk is kept with the run")
    func pause() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.atRiskLimit = 64
                let feed = try await engine.feed(count: 1_000, clients: 20)
                try await withConsumer(configuration, handlers: echo) { _ in try await feed.waitUntil(answered: 1_000) }
                let (_, gaps) = try oldestFirst(database)
                let pause = try #require(gaps.first { $0.reason == "paused: more was read than could be written" })
                #expect(pause.endedAt != nil)
                let run = try #require(try Inspector(database: database).runs().first)
                #expect(run.end == .clean)
                #expect(run.atRiskHigh >= 8)
                #expect(run.atRiskLimit == 64)
            }
        }
    }

    @Test("P8, P11: while nothing can be committed, others see at once what a crash would lose")
    func trueAtOnce() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let inspector = try Inspector(database: database)
                    let other = try DatabaseFile(path: database).openForChanges()
                    try other.execute("BEGIN IMMEDIATE")
                    try await user.send(contentsOf: (0..<50).map { "\($0)" })
                    while try inspector.status().atRisk < 50 { await Task.yield() }
                    let status = try inspector.status()
                    #expect(status.atRisk == 50)
                    #expect(status.atRiskHigh == 50)
                    #expect(status.lossBound.now == 50)
                    #expect(status.lossBound.text.hasPrefix("a crash now loses 50 messages read and not committed (the most"))
                    #expect(status.atRiskUpdatedAt.map { abs(status.takenAt - $0) < 10_000_000 } == true)
                    try other.execute("ROLLBACK")
                    try await engine.waitUntil { $0.delivered == 50 }
                    #expect(try inspector.status().atRisk == 0)
                    #expect(try inspector.status().lossBound.high >= 50)
                    #expect(consumer.standing == ConsumerStanding(isRunning: true, listed: 1, consuming: 1))
                }
            }
        }
    }

    @Test("readiness is told by the state, however many events nobody has read")
    func standing() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let failing = Handlers(all: { message, context in
                    if message.text == "end" { try context.meshSend(to: message.client, "end") }
                    throw HandlerError.permanent("no")
                })
                let consumer = try await withConsumer(testConfiguration(database, engine), handlers: failing) { consumer in
                    #expect(consumer.standing.hasEnded == false)
                    // Until then the file may be on its way to the newest schema.
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    try await user.send(contentsOf: (0..<2_000).map { "\($0)" })
                    while try LedgerCounts(database).dead < 2_000 { await Task.yield() }
                    #expect(consumer.standing == ConsumerStanding(isRunning: true, listed: 1, consuming: 1))
                    return consumer
                }
                #expect(consumer.standing == ConsumerStanding(hasEnded: true))
            }
        }
    }

    @Test("P11: queue.pop refused is a gap that goes on, with the engine's words")
    func refused() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                try await engine.addFault(
                    .init(.error(code: 201, message: "no such topic"), method: "queue.pop", times: nil), node: engine.nodes[0].id)
                try await withConsumer(testConfiguration(database, engine), handlers: echo) { consumer in
                    for await event in consumer.events {
                        if case .nodeNotConsuming = event { break }
                    }
                    // The status says so, too, once it is committed.
                    let inspector = try Inspector(database: database)
                    while try inspector.status().nodes.first?.reason?.contains("no such topic") != true {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    let node = try #require(try inspector.status().nodes.first)
                    #expect(node.state == .connected && node.notConsumedSince != nil)
                }
                let (epochs, gaps) = try oldestFirst(database)
                #expect(gaps.first?.reason.contains("no such topic") == true)
                #expect(epochs.first.map { $0.consumingAt == nil } == true)
            }
        }
    }
}
