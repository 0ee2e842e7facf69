import ConnmixDevEngine
import Synchronization
import Testing

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
}
