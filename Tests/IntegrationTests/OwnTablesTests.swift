import ConnmixDevEngine
import Synchronization
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("tables of the handler's own", .timeLimit(.minutes(1)))
struct OwnTablesTests {
    struct Failure: Error {}

    @Test("P3: writes, commands and the mark commit together; a write that fails fails its attempt and no neighbour's")
    func together() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let handlers = Handlers(all: { message, context in
                    let attempt = message.attempt
                    let text = message.text ?? ""
                    try context.write { tables in
                        try tables.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL, attempt INTEGER) STRICT")
                        try tables.execute("INSERT INTO notes VALUES (?1, ?2)", .text(text), .integer(Int64(attempt)))
                        if text == "bad", attempt < 3 { throw Failure() }
                    }
                    try context.meshSend(to: message.client, "\(text) \(attempt)")
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { _ in
                    let users = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                    try await users[0].send(contentsOf: ["bad", "after"])
                    try await users[1].send("good")
                    var frames = users[0].frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "bad 3")
                    #expect(await frames.next()?.text == "after 1")
                    var others = users[1].frames.makeAsyncIterator()
                    #expect(await others.next()?.text == "good 1")
                }
                let notes = try SharedStore(path: database).read { connection in
                    try connection.text("SELECT group_concat(text || attempt, ' ') FROM (SELECT * FROM notes ORDER BY text)")
                }
                #expect(notes == "after1 bad3 good1")
            }
        }
    }

    @Test("P3: what the tables say decides what is sent, in the same commit; what is committed can be read before")
    func deciding() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let handlers = Handlers(all: { message, context in
                    let text = message.text ?? ""
                    if text == "who?" {
                        let rows = try await context.read { tables in try tables.query("SELECT count(*) AS n FROM members") }
                        return try context.meshSend(to: message.client, rows[0]["n"] == 1 ? "one" : "others")
                    }
                    try context.write { tables in
                        try tables.execute("CREATE TABLE IF NOT EXISTS members (name TEXT PRIMARY KEY) STRICT")
                        let new = try tables.execute("INSERT OR IGNORE INTO members VALUES (?1)", SQLValue(text))
                        try tables.stage(.meshSend(to: message.client, new == 1 ? "welcome \(text)" : "duplicate"))
                        if message.attempt == 1, text == "late" { throw Failure() }
                    }
                })
                try await withConsumer(testConfiguration(database, engine), handlers: handlers) { _ in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["ann", "who?", "ann", "late", "who?"])
                    var frames = user.frames.makeAsyncIterator()
                    for text in ["welcome ann", "one", "duplicate", "welcome late", "others"] {
                        #expect(await frames.next()?.text == text)
                    }
                }
                let counts = try LedgerCounts(database)
                #expect(counts.done == 5 && counts.openCommands == 0)
            }
        }
    }

    @Test("P3: a statement that ends the shared transaction fails its own attempt, and no neighbour's")
    func rollback() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retry.maxAttempts = 1
                let handlers = Handlers(all: { message, context in
                    let text = message.text ?? ""
                    try context.write { tables in
                        try tables.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT PRIMARY KEY) STRICT")
                        // Swallowing the error does not help it: what the statement did to the transaction is seen.
                        _ = try? tables.execute("INSERT OR ROLLBACK INTO notes VALUES (?1)", .text(text))
                    }
                    try context.meshSend(to: message.client, text)
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let users = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                    try await users[0].send(contentsOf: ["same", "same", "more"])
                    try await users[1].send("other")
                    var frames = users[0].frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "same")
                    #expect(await frames.next()?.text == "more")
                    var others = users[1].frames.makeAsyncIterator()
                    #expect(await others.next()?.text == "other")
                    let failure = await consumer.events.first { if case .handlerFailed = $0 { true } else { false } }
                    guard case .handlerFailed(_, 1, let error, isDead: true) = failure else { return #expect(Bool(false)) }
                    #expect(error.contains("ended the shared transaction"), "\(error)")
                }
                let counts = try LedgerCounts(database)
                #expect(counts.done == 3 && counts.dead == 1 && counts.open == 0)
            }
        }
    }

    @Test("an error of a handler's closure that looks like the disk's is the handler's own")
    func looksLikeDisk() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retry.maxAttempts = 1
                let handlers = Handlers(all: { message, context in
                    try context.write { _ in throw ConnmixError(.diskFull, "somewhere else") }
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send("x")
                    let event = await consumer.events.first {
                        switch $0 {
                        case .handlerFailed, .paused: true
                        default: false
                        }
                    }
                    guard case .handlerFailed(1, 1, "somewhere else", isDead: true) = event else {
                        return #expect(Bool(false), "\(String(describing: event))")
                    }
                }
            }
        }
    }

    @Test(
        "P12: a handler's statements stay away from the library's tables, its transaction, and other files",
        arguments: [
            "DELETE FROM journal", "UPDATE outbox SET state = 8", "INSERT INTO counter VALUES (1, 2, 3)", "DROP TABLE attempt",
            "ALTER TABLE journal ADD COLUMN x", "CREATE INDEX i ON journal (client)", "COMMIT", "ROLLBACK", "BEGIN",
            "SAVEPOINT s", "PRAGMA synchronous = OFF", "CREATE TEMP TABLE counter (x)", "ATTACH ':memory:' AS other",
            "CREATE TRIGGER t AFTER INSERT ON journal BEGIN SELECT 1; END",
        ])
    func guarded(sql: String) async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.retry.maxAttempts = 1
                let handlers = Handlers(all: { message, context in
                    if message.text == "bad" { try context.write { tables in try tables.execute(sql) } }
                    try context.meshSend(to: message.client, "ok")
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["bad", "good"])
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "ok")
                    for await event in consumer.events {
                        guard case .handlerFailed(1, 1, let error, isDead: true) = event else { continue }
                        #expect(error.contains("handlers may not change"), "\(error)")
                        break
                    }
                }
            }
        }
    }

    @Test("an attempt that takes too long is cancelled and has failed; one that throws by another policy is tried by it")
    func timeouts() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                var configuration = testConfiguration(database, engine)
                configuration.attemptTimeout = .milliseconds(50)
                configuration.retryForError = { error in
                    guard error is Failure else { return nil }
                    var once = RetryPolicy()
                    once.maxAttempts = 1
                    return once
                }
                let handlers = Handlers(all: { message, context in
                    if message.text == "slow", message.attempt == 1 { try await Task.sleep(for: .seconds(3_600)) }
                    if message.text == "once" { throw Failure() }
                    try context.meshSend(to: message.client, "\(message.text ?? "") \(message.attempt)")
                })
                try await withConsumer(configuration, handlers: handlers) { consumer in
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["slow", "once", "fine"])
                    var frames = user.frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "slow 2")
                    #expect(await frames.next()?.text == "fine 1")
                }
                let outcomes = try SharedStore(path: database).read { connection in
                    try connection.text("SELECT group_concat(entry || ':' || outcome) FROM attempt")
                }
                #expect(outcomes == "1:3,2:1")
            }
        }
    }

    @Test("P6, P8: writes that only look like a full disk are put off uncounted, and keep nobody else from being committed")
    func usedUp() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let handlers = Handlers(all: { message, context in
                    let isBad = message.text == "bad"
                    try context.write { tables in
                        try tables.execute(
                            "CREATE TABLE IF NOT EXISTS numbers (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER) STRICT")
                        guard isBad else { return }
                        try tables.execute("INSERT INTO numbers (id) VALUES (9223372036854775807)")
                        // The ids are used up, and SQLite says that the disk is full.
                        try tables.execute("INSERT INTO numbers (n) VALUES (1)")
                    }
                    try context.meshSend(to: message.client, message.text ?? "")
                })
                let consumer = ConnmixConsumer(
                    configuration: testConfiguration(database, engine), handlers: handlers, logger: .quiet)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await consumer.run() }
                    let users = [try await engine.connectEndUser(), try await engine.connectEndUser()]
                    try await users[0].send("bad")
                    var reason: String?
                    for await event in consumer.events {
                        if case .handlerFailed(let id, _, let error, let isDead) = event {
                            #expect(id == 1 && !isDead)
                            reason = error
                            break
                        }
                        if case .paused(let reason) = event { Issue.record("paused: \(reason)") }
                    }
                    #expect(reason?.contains("full") == true)
                    try await users[1].send("good")
                    var frames = users[1].frames.makeAsyncIterator()
                    #expect(await frames.next()?.text == "good")
                    #expect(consumer.isReady)
                    group.cancelAll()
                    try await group.waitForAll()
                }
                let entry = try Inspector(database: database).entry(1)
                #expect(entry.entry.state == .pending && entry.attempts.allSatisfy { $0.outcome == .retryAsked })
            }
        }
    }
}
