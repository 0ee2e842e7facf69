import ConnmixDevEngine
import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("pauses and outages", .timeLimit(.minutes(1)))
struct PauseTests {
    private struct Refused: Error, CustomStringConvertible {
        let description = "price service: connection refused"
    }

    private func push(_ engine: DevEngine, _ topic: String, _ clients: Range<Int>) async throws {
        for number in clients { try await engine.push(topic: topic, client: "\(1_000 + number)", data: Array("1".utf8)) }
    }

    /// Looks until the file says so.
    private func eventually(_ database: String, _ holds: (LedgerCounts) -> Bool) async throws {
        while try !holds(LedgerCounts(database)) { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test("P2: an outage of 200 messages costs those that wait no attempt, buries none, and ends by itself")
    func outage() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1, topics: ["orders", "chat"])) { engine in
                let isOut = Locked(true)
                let attempts = Locked([Int64: Int]())
                let tally = Tally()
                var handlers = Handlers()
                handlers.handle("orders") { message, _ in
                    attempts.withLock { $0[message.id, default: 0] += 1 }
                    if isOut.withLock({ $0 }) { throw Refused() }
                    tally.handled(message.id)
                }
                handlers.handle("chat") { message, context in try context.meshSend(to: message.client, "chat") }
                var configuration = testConfiguration(database, engine, topics: ["orders", "chat"])
                configuration.concurrency = 4
                configuration.retry.maxAttempts = 2
                configuration.probeAfter = 10
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    try await push(engine, "orders", 0..<200)
                    let outage = await consumer.events.find { event in
                        if case .topicProbed(let outage) = event { outage } else { nil }
                    }
                    #expect(outage?.topic == "orders" && outage?.cause == "price service: connection refused")
                    try await eventually(database) { $0.entries == 200 && $0.claimed <= 1 }
                    let user = try await engine.connectEndUser()
                    try await engine.push(topic: "chat", client: user.id, data: Array("1".utf8))
                    #expect(await user.frames.first { _ in true }?.text == "chat", "other topics go on")
                    let status = try Inspector(database: database).status()
                    #expect(status.probed.map(\.topic) == ["orders"] && status.probed.first?.cause == outage?.cause)
                    let tried = attempts.withLock { $0.values.reduce(0, +) }
                    #expect(tried < 40, "a few seconds of outage and 200 messages: \(tried) attempts")
                    isOut.withLock { $0 = false }
                    await tally.wait(for: 200)
                    let recovered = await consumer.events.find { event in
                        if case .topicRecovered(let topic) = event { topic } else { nil }
                    }
                    #expect(recovered == "orders")
                    try await eventually(database) { $0.done == 201 && $0.dead == 0 }
                    #expect(try Inspector(database: database).status().probed.isEmpty)
                }
                let counted = try Inspector(database: database).entries(JournalFilter()).filter { $0.attempts > 1 }.count
                #expect(counted <= attempts.withLock { $0.values.count { $0 > 1 } })
            }
        }
    }

    @Test("P3: a failure of the handler's own writes is one, too")
    func ownWrites() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1, topics: ["orders"])) { engine in
                let handlers = Handlers(all: { _, context in
                    try context.write { try $0.execute("INSERT INTO missing VALUES (1)") }
                })
                var configuration = testConfiguration(database, engine, topics: ["orders"])
                configuration.retry.maxAttempts = 1
                configuration.probeAfter = 3
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    try await push(engine, "orders", 0..<3)
                    let outage = await consumer.events.find { event in
                        if case .topicProbed(let outage) = event { outage } else { nil }
                    }
                    #expect(outage?.cause.contains("no such table: missing") == true)
                }
                #expect(try LedgerCounts(database).dead == 2, "the third was not buried for it")
            }
        }
    }

    @Test("P5: an outage that shows in own writes, with many claimed: none is forgotten, and each client's are handled in order")
    func ownWritesOfMany() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1, topics: ["orders"])) { engine in
                let isOut = Locked(true)
                let handled = Locked([String: [Int64]]())
                let tally = Tally()
                let handlers = Handlers(all: { message, context in
                    try context.write { _ in
                        if isOut.withLock({ $0 }) { throw Refused() }
                        let isNew = handled.withLock { handled in
                            guard handled[message.client.text]?.contains(message.id) != true else { return false }
                            handled[message.client.text, default: []].append(message.id)
                            return true
                        }
                        if isNew { tally.handled(message.id) }
                    }
                })
                var configuration = testConfiguration(database, engine, topics: ["orders"])
                configuration.concurrency = 4
                configuration.retry.maxAttempts = 3
                configuration.probeAfter = 5
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    for _ in 0..<3 { try await push(engine, "orders", 0..<100) }
                    _ = await consumer.events.find { if case .topicProbed = $0 { true } else { nil } }
                    isOut.withLock { $0 = false }
                    await tally.wait(for: 300)
                    try await eventually(database) { $0.done == 300 && $0.open == 0 }
                }
                #expect(handled.withLock { $0.values.allSatisfy { $0.count == 3 && $0 == $0.sorted() } })
                #expect(try LedgerCounts(database).dead == 0)
            }
        }
    }

    @Test("a topic is paused and resumed by the program; other topics go on")
    func fromInside() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1, topics: ["orders", "chat"])) { engine in
                let handled = Locked([String]())
                let tally = Tally()
                let handlers = Handlers(all: { message, _ in
                    handled.withLock { $0.append(message.topic) }
                    tally.handled(message.id)
                })
                let configuration = testConfiguration(database, engine, topics: ["orders", "chat"])
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    _ = await consumer.events.find { if case .nodeConsuming = $0 { true } else { nil } }
                    let report = try await consumer.pause(topics: ["orders"], reason: "moving")
                    #expect(report.changed == ["orders"] && report.left.map(\.reason) == ["moving"])
                    try await push(engine, "orders", 0..<50)
                    try await push(engine, "chat", 50..<60)
                    await tally.wait(for: 10)
                    try await eventually(database) { $0.open == 50 && $0.claimed == 0 }
                    #expect(handled.withLock { $0.allSatisfy { $0 == "chat" } })
                    #expect(consumer.isReady)
                    await #expect(throws: ConnmixError.self) { try await consumer.resume(topics: ["chat"]) }
                    #expect(try await consumer.resume().left.isEmpty)
                    await tally.wait(for: 60)
                }
                await #expect(throws: ConnmixError.self) {
                    try await ConnmixConsumer(configuration: configuration, handlers: handlers).pause()
                }
            }
        }
    }

    @Test("P5: an operator pauses all with intake, through a restart: nothing is popped; then everything is handled in order")
    func intake() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 1, topics: ["orders", "chat"])) { engine in
                let handled = Locked([String]())
                let tally = Tally()
                let handlers = Handlers(all: { message, _ in
                    handled.withLock { $0.append(message.text ?? "") }
                    tally.handled(message.id)
                })
                let configuration = testConfiguration(database, engine, topics: ["orders", "chat"])
                let node = try await engine.snapshot().nodes[0].id
                let journal: JournalOperator = try await withConsumer(configuration, handlers: handlers) { consumer in
                    _ = await consumer.events.find { if case .nodeConsuming = $0 { true } else { nil } }
                    let journal = try JournalOperator(database: database)
                    let report = try journal.pause(intake: true, reason: "maintenance")
                    #expect(report.changed == [nil])
                    _ = await consumer.events.find { if case .nodeNotConsuming(_, .paused) = $0 { true } else { nil } }
                    #expect(!consumer.isReady && consumer.standing.paused == "paused by hand: maintenance")
                    return journal
                }
                for text in ["1", "2", "3"] {
                    try await engine.push(topic: "chat", client: "7", data: Array(#"{"frame":{"data":"\#(text)"}}"#.utf8))
                }
                try await push(engine, "orders", 0..<5)
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    _ = await consumer.events.find { if case .nodeConnected = $0 { true } else { nil } }
                    let (pauses, found) = (try Inspector(database: database).pauses(), try await engine.snapshot().nodes[0])
                    #expect(pauses.map(\.topic) == [nil])
                    #expect(found.queued == 8 && found.consumers == 0)
                }
                // All go on but one topic's queue, and the other's handlers.
                try journal.resume()
                try journal.pause(topics: ["chat"], intake: true)
                try journal.pause(topics: ["orders"])
                #expect(throws: ConnmixError.self) { try journal.resume(topics: ["orders"], onlyIntake: true) }
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    _ = await consumer.events.find { if case .nodeConsuming = $0 { true } else { nil } }
                    try await engine.waitUntil { $0.nodes[0].popped == 5 }
                    try await eventually(database) { $0.open == 5 && $0.claimed == 0 }
                    #expect(try await engine.snapshot().nodes[0].queued == 3)
                    try journal.resume(topics: ["orders"])
                    await tally.wait(for: 5)
                    #expect(try journal.resume(onlyIntake: true).changed == ["chat"])
                    await tally.wait(for: 8)
                }
                #expect(handled.withLock { Array($0.suffix(3)) } == ["1", "2", "3"])
                #expect(
                    try Inspector(database: database).gaps().contains { $0.node == node && $0.reason.contains("maintenance") })
                let verbs = try journal.actions().map(\.verb)
                #expect(verbs.filter { $0 == "pause" }.count >= 3 && verbs.filter { $0 == "resume" }.count >= 3)
                let first = try #require(try journal.actions().last)
                #expect(throws: ConnmixError.self) { try journal.undo(first.id) }
            }
        }
    }
}
