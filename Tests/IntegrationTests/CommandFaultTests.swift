import ConnmixDevEngine
import FoundationEssentials
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("commands that engines answer late, never, or with the end of the connection", .timeLimit(.minutes(1)))
struct CommandFaultTests {
    @Test("P4: answers that come later than the limit settle their commands; each is written three times at most")
    func lateAnswers() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.replyTimeout = .milliseconds(200)
                try await engine.addFault(
                    .init(.delay(.milliseconds(250)), method: "mesh.send", times: nil), node: engine.nodes[0].id)
                try await withConsumer(configuration, handlers: echo) { _ in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: (0..<5).map { "\($0)" })
                    var frames = user.frames.makeAsyncIterator()
                    var texts: Set<String> = []
                    while texts.count < 5, let frame = await frames.next() { texts.insert(frame.text ?? "") }
                    while try LedgerCounts(database).openCommands > 0 { await Task.yield() }
                }
                let (sent, most) = try SharedStore(path: database).read { connection in
                    (
                        try connection.integer("SELECT count(*) FROM outbox WHERE state = 8"),
                        try connection.integer("SELECT max(writes) FROM outbox")
                    )
                }
                #expect(sent == 5)
                #expect(most <= 3)
            }
        }
    }

    @Test("P6: a command that makes the engine close the connection is dead with the close code, and all others arrive")
    func poison() async throws {
        try await withTemporaryDatabase { database in
            var engineConfiguration = DevEngine.Configuration()
            engineConfiguration.settings.frameLimit = 32 << 10
            try await withDevEngine(engineConfiguration) { engine in
                var configuration = testConfiguration(database, engine)
                configuration.backoffBase = .milliseconds(50)
                try await withConsumer(configuration, handlers: echo) { consumer in
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    let user = try await engine.connectEndUser()
                    let big = try await consumer.outbox.meshPublish(to: "big", String(repeating: "x", count: 40 << 10))
                    for number in 0..<500 { _ = try await consumer.outbox.meshPublish(to: "room:\(number)", "x") }
                    let answer = try await big.answer()
                    #expect(!answer.isSuccess)
                    try await user.send("still there?")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "received: still there?")
                    while try LedgerCounts(database).openCommands > 0 { await Task.yield() }
                    #expect(try await engine.snapshot().nodes[0].accepted <= 8)
                }
                let (dead, error, sent) = try SharedStore(path: database).read { connection in
                    (
                        try connection.integer("SELECT count(*) FROM outbox WHERE state = 9"),
                        try connection.text("SELECT last_error FROM outbox WHERE state = 9"),
                        try connection.integer("SELECT count(*) FROM outbox WHERE state = 8")
                    )
                }
                #expect(dead == 1 && sent == 501)
                #expect(error.hasPrefix("it closes the connection (close code 1009)"), "\(error)")
            }
        }
    }

    @Test("P5: a node that dies with a call under way keeps no other user waiting, and status says what waits for it")
    func deadNode() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let (dying, living) = (engine.nodes[0].id, engine.nodes[1].id)
                try await engine.addFault(.init(.ignore, method: "conn.call", times: nil), node: dying)
                let handlers = Handlers(all: { message, context in
                    try context.subscribe(message.client, to: "room")
                    try context.meshPublish(to: "room", message.text ?? "")
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { _ in
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    let lost = try await engine.connectEndUser(node: dying)
                    try await lost.send("from the node that dies")
                    while try await !engine.received().contains(where: { $0.method == "conn.call" }) { await Task.yield() }
                    try await engine.stopNode(dying)
                    let user = try await engine.connectEndUser(node: living)
                    try await user.send("from the other one")
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "from the other one")
                    let inspector = try Inspector(database: database)
                    var waiting: [StatusReport.Waiting] = []
                    while waiting.isEmpty {
                        waiting = try inspector.waiting()
                        await Task.yield()
                    }
                    #expect(waiting.map(\.node) == [dying])
                    #expect(waiting.map(\.commands) == [2])
                }
            }
        }
    }
}
