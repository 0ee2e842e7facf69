import ConnmixDevEngine
import Synchronization
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("lanes", .timeLimit(.minutes(1)))
struct LaneTests {
    struct Failure: Error {}

    /// Handles texts such as `a1`, fails those that `fails` names at their first attempt, and answers with the text.
    private func handlers(failing: Set<String>, permanently: Bool = false) -> Handlers {
        Handlers(all: { message, context in
            let text = message.text ?? ""
            if failing.contains(text), message.attempt == 1 || permanently {
                throw permanently ? HandlerError.permanent("bad") : HandlerError.retry(after: .milliseconds(300), reason: "later")
            }
            try context.meshSend(to: message.client, text)
        })
    }

    private let byLetter = Lanes.by { message in message.text.map { String($0.prefix(1)) } }

    private func received(_ count: Int, _ user: EndUser) async -> [String] {
        var texts: [String] = []
        for await frame in user.frames {
            texts.append(frame.text ?? "")
            if texts.count == count { break }
        }
        return texts
    }

    @Test("P5: lanes by a key: two clients share one, and one client is in several")
    func byKey() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.lanes = byLetter
                try await withConsumer(configuration, handlers: handlers(failing: ["a1"])) { _ in
                    let users = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                    try await users[0].send("a1")
                    try await engine.waitUntil { $0.nodes[0].popped == 1 }
                    try await users[1].send("a2")
                    try await users[0].send("b1")
                    #expect(await received(2, users[0]) == ["b1", "a1"])
                    #expect(await received(1, users[1]) == ["a2"])
                }
                let order = try SharedStore(path: database).read { connection in
                    try connection.text("SELECT group_concat(CAST(data AS TEXT)) FROM (SELECT data FROM outbox ORDER BY id)")
                }
                #expect(order == "b1,a1,a2")
                let lanes = try SharedStore(path: database).read { connection in
                    try connection.text("SELECT group_concat(lane) FROM (SELECT lane FROM journal ORDER BY id)")
                }
                #expect(lanes == "a,a,b")
            }
        }
    }

    @Test("relaxed: what waits for its retry lets the others pass; no lanes: nothing waits for anything")
    func relaxed() async throws {
        for lanes in [Lanes.client, .none] {
            try await withTemporaryDatabase { database in
                try await withDevEngine { engine in
                    var configuration = testConfiguration(database, engine)
                    configuration.lanes = lanes
                    configuration.lanes.order = .relaxed
                    try await withConsumer(configuration, handlers: handlers(failing: ["1"])) { _ in
                        let user = try await engine.connectEndUser()
                        try await user.send(contentsOf: ["1", "2", "3"])
                        let texts = await received(3, user)
                        #expect(texts.last == "1")
                        #expect(Set(texts) == ["1", "2", "3"])
                    }
                }
            }
        }
    }

    @Test("park: behind a dead head the lane stands still, through a restart, until somebody opens it")
    func park() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.lanes.deadHead = .park
                let handlers = handlers(failing: ["bad"], permanently: true)
                let parked = try await engine.connectEndUser()
                let other = try await engine.connectEndUser()
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    try await parked.send(contentsOf: ["bad", "behind 1"])
                    for await event in consumer.events {
                        if case .handlerFailed(1, _, _, isDead: true) = event { break }
                    }
                    try await parked.send("behind 2")
                    try await other.send("hi")
                    #expect(await received(1, other) == ["hi"])
                }
                let lanes = try Inspector(database: database).parkedLanes()
                #expect(lanes.map(\.lane) == [parked.id])
                #expect(lanes.map(\.entry) == [1])
                #expect(lanes.map(\.reason) == ["bad"])
                try await withConsumer(configuration, handlers: handlers) { _ in
                    try await parked.send("behind 3")
                    try await other.send("again")
                    // A consumer that was cancelled may send once more what it did not see answered.
                    while let text = await received(1, other).first, text != "again" { #expect(text == "hi") }
                    #expect(parked.receivedCount == 0)
                    let opened = try JournalOperator(database: database).skip(lanes: [parked.id])
                    #expect(opened.applied == [1])
                    #expect(await received(3, parked) == ["behind 1", "behind 2", "behind 3"])
                }
                let (unclean, counted) = try SharedStore(path: database).read { connection in
                    (
                        try connection.integer("SELECT count(*) FROM run WHERE clean = 0"),
                        try connection.integer("SELECT max(attempts) FROM journal")
                    )
                }
                #expect(unclean == 0)
                #expect(counted == 1)
                let counts = try LedgerCounts(database)
                #expect(counts.dead == 1 && counts.done == 5 && counts.open == 0)
            }
        }
    }

    @Test("P2: a thousand entries that wait long for their retry hold nobody up, and are no suspects after a crash")
    func manyWait() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.windowCapacity = 64
                let handlers = Handlers(all: { message, context in
                    if message.text != "good" { throw HandlerError.retry(after: .seconds(3_600), reason: "later") }
                    try context.meshSend(to: message.client, "done")
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    _ = try await engine.feed(topic: "chat", count: 1_000, clients: 500)
                    let user = try await engine.connectEndUser()
                    try await user.send("good")
                    #expect(await received(1, user) == ["done"])
                    var failed = 0
                    for await event in consumer.events {
                        if case .handlerFailed = event { failed += 1 }
                        if failed == 500 { break }  // the heads of 500 lanes; the others wait behind them
                    }
                }
                let counts = try LedgerCounts(database)
                #expect(counts.entries == 1_001 && counts.done == 1 && counts.claimed == 0)
            }
        }
    }

    @Test("P5: the head of a parked lane that is retried goes first, then what waited behind it")
    func releaseParked() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.lanes.deadHead = .park
                let isMended = Atomic(false)
                let handlers = Handlers(all: { message, context in
                    let text = message.text ?? ""
                    if text == "bad", !isMended.load(ordering: .relaxed) { throw HandlerError.permanent("bad") }
                    try context.meshSend(to: message.client, text)
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["bad", "behind 1", "behind 2"])
                    _ = await consumer.events.first { if case .handlerFailed = $0 { true } else { false } }
                    isMended.store(true, ordering: .relaxed)
                    #expect(try JournalOperator(database: database).release(lanes: [user.id]).applied == [1])
                    #expect(await received(3, user) == ["bad", "behind 1", "behind 2"])
                }
            }
        }
    }
}
