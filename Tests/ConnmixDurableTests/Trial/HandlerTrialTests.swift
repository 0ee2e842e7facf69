import FoundationEssentials
import Testing

@testable import ConnmixDurable

@Suite("trials of handlers", .timeLimit(.minutes(1)))
struct HandlerTrialTests {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Order: Decodable {
        var sku: Int
    }

    private func trial(
        _ configure: (inout ConsumerConfiguration) -> Void = { _ in }, handler: @escaping MessageHandler
    ) -> HandlerTrial {
        var configuration = ConsumerConfiguration(topics: ["chat"])
        configure(&configuration)
        return HandlerTrial(configuration: configuration, handler: handler)
    }

    @Test("done, with its commands in order")
    func done() async throws {
        let report = try await trial { message, context in
            try context.subscribe(message.client, to: "room:7")
            try context.meshSend(to: message.client, "received: \(message.text ?? "") \(message.attempt)")
        }.run(Message(topic: "chat", client: "7", text: "a \"b\"\n", attempt: 2))
        #expect(
            try report.outcome
                == .done([.subscribe("7", to: ["room:7"]), .meshSend(to: "7", "received: a \"b\"\n 2")]))
        #expect(report.staged == report.commands)
        #expect(report.error == nil && report.failure == nil)
    }

    @Test("P3: a handler that throws is tried again after its pause, and none of its commands exist")
    func retry() async throws {
        let report = try await trial {
            $0.retry.base = .seconds(2)
            $0.retry.cap = .seconds(3)
        } handler: { message, context in
            try context.meshSend(to: message.client, "never")
            throw Failure(description: "the price service is away")
        }.run(Message(topic: "chat", text: "hello"))
        guard case .retry(let pause, let error) = report.outcome else {
            Issue.record("\(report.outcome)")
            return
        }
        #expect(pause >= .seconds(1) && pause <= .seconds(3))
        #expect(error == "the price service is away")
        #expect(report.failure == .failed)
        #expect(report.commands == [])
        #expect(try report.staged == [.meshSend(to: "1", "never")])
    }

    @Test("a pause that the handler asked for is exact")
    func retryAsked() async throws {
        let report = try await trial { _, _ in throw HandlerError.retry(after: .seconds(90), reason: "busy") }
            .run(Message(topic: "chat", text: "hello"))
        #expect(report.outcome == .retry(after: .seconds(90), error: "busy"))
        #expect(report.failure == .retryAsked)
    }

    @Test("dead: permanent failures at once, others with their last attempt, by the policy for their error")
    func dead() async throws {
        let trial = trial {
            $0.retry.maxAttempts = 3
            $0.retryForError = { error in
                guard error is CancellationError else { return nil }
                var once = RetryPolicy()
                once.maxAttempts = 1
                return once
            }
        } handler: { message, _ in
            switch message.text {
            case "permanent": throw HandlerError.permanent("no such order")
            case "once": throw CancellationError()
            default: throw Failure(description: "not yet")
            }
        }
        let permanent = try await trial.run(Message(topic: "chat", text: "permanent"))
        #expect(permanent.outcome == .dead(reason: "no such order"))
        #expect(permanent.failure == .permanent)
        let second = try await trial.run(Message(topic: "chat", text: "x", attempt: 2))
        #expect(second.outcome != .dead(reason: "not yet"))
        let third = try await trial.run(Message(topic: "chat", text: "x", attempt: 3))
        #expect(third.outcome == .dead(reason: "not yet"))
        let once = try await trial.run(Message(topic: "chat", text: "once"))
        #expect(once.outcome == .dead(reason: "CancellationError()"))
    }

    @Test("typed handlers: what does not decode is dead with the decoder's words; so is a topic without a handler")
    func typed() async throws {
        var handlers = Handlers()
        handlers.handle("orders", as: Order.self) { order, message, context in
            try context.setContextValue(message.client, "sku", order.sku)
        }
        let trial = HandlerTrial(handlers)
        let good = try await trial.run(Message(topic: "orders", client: "7", json: #"{"sku":7}"#))
        #expect(try good.outcome == .done([.setContextValue("7", "sku", 7)]))
        let bad = try await trial.run(Message(topic: "orders", json: #"{"sku":"x"}"#))
        #expect(bad.failure == .permanent)
        #expect(bad.error?.hasPrefix("the message is no Order: ") == true)
        let other = try await trial.run(Message(topic: "chat", text: "hello"))
        #expect(other.outcome == .dead(reason: "no handler for topic chat"))
    }

    @Test("timed out: the handler is cancelled, and the attempt has failed")
    func timedOut() async throws {
        let trial = trial {
            $0.attemptTimeout = .milliseconds(20)
            $0.retry.maxAttempts = 2
        } handler: { _, _ in
            try await Task.sleep(for: .seconds(3_600))
        }
        let first = try await trial.run(Message(topic: "chat", text: "slow"))
        #expect(first.failure == .timedOut)
        #expect(first.error == "the attempt took longer than 20 ms")
        let second = try await trial.run(Message(topic: "chat", text: "slow", attempt: 2))
        #expect(second.outcome == .dead(reason: "the attempt took longer than 20 ms"))
    }

    @Test(
        "released: a stop interrupts the handler, and the attempt does not count, whatever error came of that",
        arguments: [
            "sleep": .released, "wrap": .released, "permanent": .dead(reason: "no such order"), "end": .done([]),
        ] as [String: HandlerTrial.Outcome])
    func released(text: String, outcome: HandlerTrial.Outcome) async throws {
        let (begun, begin) = AsyncStream<Void>.makeStream()
        let trial = trial { message, _ in
            begin.finish()
            do {
                try await Task.sleep(for: .seconds(3_600))
            } catch {
                switch message.text {
                case "sleep": throw error
                case "wrap": throw Failure(description: "the request was interrupted")
                case "permanent": throw HandlerError.permanent("no such order")
                default: return
                }
            }
        }
        let running = Task { try await trial.run(Message(topic: "chat", text: text)) }
        for await _ in begun {}
        running.cancel()
        let report = try await running.value
        #expect(report.outcome == outcome)
    }

    @Test("P3: own tables: what is done is in the file, what failed is not; the library's tables are not the handler's")
    func ownTables() async throws {
        let database = try TrialDatabase()
        try database.write { tables in
            try tables.execute("CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT")
        }
        let trial = HandlerTrial(database: database) { message, context in
            let text = message.text ?? ""
            try context.write { tables in
                try tables.execute("INSERT INTO notes VALUES (?1)", .text(text))
                if text == "bad" { throw HandlerError.permanent("no such note") }
                if text == "foreign" { try tables.execute("DELETE FROM journal") }
            }
            try context.meshSend(to: message.client, "noted")
        }
        func run(_ text: String) async throws -> HandlerTrial.Report {
            try await trial.run(Message(topic: "chat", text: text))
        }
        #expect(try await run("good").outcome == .done([.meshSend(to: "1", "noted")]))
        let bad = try await run("bad")
        #expect(bad.outcome == .dead(reason: "no such note"))
        #expect(bad.commands == [] && bad.staged.count == 1)
        let foreign = try await run("foreign")
        #expect(foreign.failure == .failed)
        #expect(foreign.error?.contains("handlers may not change") == true)
        let again = try await run("good")
        #expect(again.error?.contains("UNIQUE") == true)
        #expect(try database.query("SELECT text FROM notes").map(\.values) == [[.text("good")]])
        #expect(try database.query("SELECT text FROM notes WHERE text = ?1", .text("bad")).isEmpty)
        #expect(try database.query("SELECT count(*) AS n FROM journal")[0]["n"] == .integer(0))
    }

    @Test("P3: what rows say decides which commands exist; a write that throws stages none")
    func decidingWrites() async throws {
        let database = try TrialDatabase()
        try database.write { try $0.execute("CREATE TABLE members (client TEXT PRIMARY KEY) STRICT") }
        let trial = HandlerTrial(database: database) { message, context in
            try context.write { tables in
                let new = try tables.execute("INSERT OR IGNORE INTO members VALUES (?1)", SQLValue(message.client))
                try tables.stage(.meshSend(to: message.client, new == 1 ? "welcome" : "duplicate"))
                if message.text == "bad" { throw HandlerError.permanent("not today") }
            }
            try context.write { tables in
                try tables.stage(.meshPublish(to: "members", json: tables.query("SELECT * FROM members").count))
            }
            try context.meshSend(to: message.client, "first")
        }
        let bad = try await trial.run(Message(topic: "chat", client: "7", text: "bad"))
        #expect(bad.outcome == .dead(reason: "not today"))
        #expect(try bad.staged == [.meshSend(to: "7", "first")])
        let good = try await trial.run(Message(topic: "chat", client: "7", text: "good"))
        #expect(
            try good.outcome
                == .done([.meshSend(to: "7", "first"), .meshSend(to: "7", "welcome"), .meshPublish(to: "members", "1")]))
        #expect(good.staged == good.commands)
        let again = try await trial.run(Message(topic: "chat", client: "7", text: "good"))
        #expect(try again.commands[1] == .meshSend(to: "7", "duplicate"))
        #expect(throws: ConnmixError.self) { try database.write { try $0.stage(.meshSend(to: "7", "nobody's")) } }
    }

    @Test("reads see what is committed, change nothing, and are judged as anything else that a handler throws")
    func reads() async throws {
        let database = try TrialDatabase()
        try database.write { tables in
            try tables.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT")
            try tables.execute("INSERT INTO notes VALUES (?1, ?2), (?3, ?4)", 1, "one", SQLValue(2 as Int32), nil)
        }
        let trial = HandlerTrial(database: database) { message, context in
            try context.write { tables in try tables.execute("INSERT INTO notes VALUES (3, 'three')") }
            let rows = try await context.read { tables in try tables.query(message.text ?? "") }
            try context.meshSend(to: message.client, "\(rows.map(\.values))")
        }
        let rows = try await trial.run(Message(topic: "chat", text: "SELECT id, text FROM notes ORDER BY id"))
        #expect(try rows.commands == [.meshSend(to: "1", "\([[SQLValue.integer(1), .text("one")], [.integer(2), .null]])")])
        let change = try await trial.run(Message(topic: "chat", text: "DELETE FROM notes RETURNING id"))
        #expect(change.error?.contains("in your read closure") == true, "\(change)")
        #expect(change.error?.contains("use context.write") == true, "\(change)")
        let missing = try await trial.run(Message(topic: "chat", text: "SELECT * FROM nowhere"))
        #expect(missing.error?.hasPrefix("no such table: nowhere, in your read closure") == true, "\(missing)")
        #expect(try database.query("SELECT count(*) AS n FROM notes")[0]["n"] == 3)
    }

    @Test(
        "own tables without a database are an error of the test, not an outcome",
        arguments: [
            { _, context in try context.write { _ in } },
            { _, context in _ = try? await context.read { try $0.query("SELECT 1") } },
        ] as [MessageHandler])
    func noDatabase(handler: @escaping MessageHandler) async throws {
        let trial = trial(handler: handler)
        let error = await #expect(throws: ConnmixError.self) { try await trial.run(Message(topic: "chat", text: "x")) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("TrialDatabase()") == true)
    }

    @Test("middleware stands around every handler, the first one outermost, and can do without it")
    func middleware() async throws {
        var handlers = Handlers()
        handlers.use { message, context, next in
            try context.meshSend(to: message.client, "outer")
            guard message.text != "skip" else { return }
            do {
                try await next(message, context)
            } catch let error as Failure {
                throw HandlerError.permanent("outer saw: \(error)")
            }
        }
        handlers.handle("chat") { message, context in
            if message.text == "bad" { throw Failure(description: "away") }
            try context.meshSend(to: message.client, "handled \(message.text ?? "")")
        }
        handlers.use { message, context, next in
            try context.meshSend(to: message.client, "inner")
            try await next(Message(topic: message.topic, client: message.client, text: "a changed text"), context)
        }
        let trial = HandlerTrial(handlers)
        #expect(
            try await trial.run(Message(topic: "chat", text: "x")).outcome
                == .done([.meshSend(to: "1", "outer"), .meshSend(to: "1", "inner"), .meshSend(to: "1", "handled a changed text")])
        )
        #expect(try await trial.run(Message(topic: "chat", text: "skip")).outcome == .done([.meshSend(to: "1", "outer")]))
        #expect(try await trial.run(Message(topic: "other", text: "x")).outcome == .dead(reason: "no handler for topic other"))
        handlers.handle("chat") { _, _ in throw Failure(description: "away") }
        #expect(
            try await HandlerTrial(handlers).run(Message(topic: "chat", text: "x")).outcome == .dead(reason: "outer saw: away"))
    }

    @Test("a topic has a time limit and a policy of its own; a policy for an error goes before it")
    func options() async throws {
        var configuration = ConsumerConfiguration(topics: ["chat", "slow"])
        configuration.attemptTimeout = .seconds(3_600)
        configuration.retryForError = { ($0 as? Failure)?.description == "often" ? RetryPolicy(maxAttempts: 9) : nil }
        var options = HandlerOptions()
        options.timeout = .milliseconds(20)
        options.retry = RetryPolicy(maxAttempts: 2, base: .seconds(5), cap: .seconds(5))
        var handlers = Handlers()
        handlers.handle("slow", options: options) { message, context in
            if message.text == "sleep" { try await Task.sleep(for: .seconds(3_600)) }
            if message.text == "write" { try context.write { _ in throw Failure(description: "not written") } }
            if let text = message.text, text != "write" { throw Failure(description: text) }
        }
        handlers.handle("chat") { _, _ in throw Failure(description: "away") }
        let trial = HandlerTrial(handlers, configuration: configuration, database: try TrialDatabase())
        let sleeping = try await trial.run(Message(topic: "slow", text: "sleep"))
        #expect(sleeping.failure == .timedOut)
        guard case .retry(let pause, _) = sleeping.outcome, pause >= .milliseconds(2_500) else {
            return #expect(Bool(false), "\(sleeping)")
        }
        #expect(try await trial.run(Message(topic: "slow", text: "x", attempt: 2)).outcome == .dead(reason: "x"))
        #expect(try await trial.run(Message(topic: "slow", text: "write", attempt: 2)).outcome == .dead(reason: "not written"))
        #expect(try await trial.run(Message(topic: "slow", text: "often", attempt: 8)).failure == .failed)
        #expect(try await trial.run(Message(topic: "slow", text: "often", attempt: 8)).outcome != .dead(reason: "often"))
        #expect(try await trial.run(Message(topic: "chat", text: "x", attempt: 2)).outcome != .dead(reason: "away"))
        // A new handler has no options of the old one.
        handlers.handle("slow") { _, _ in throw Failure(description: "x") }
        #expect(try await HandlerTrial(handlers).run(Message(topic: "slow", text: "x", attempt: 2)).outcome != .dead(reason: "x"))
    }

    @Test("options that cannot work are refused with the topic and the value")
    func badOptions() {
        for (change, words) in [
            ({ $0.timeout = .zero }, "timeout is"), ({ $0.concurrency = 0 }, "concurrency is 0"),
            ({ $0.retry = RetryPolicy(maxAttempts: 0) }, "maxAttempts is 0"),
            ({ $0.retry = RetryPolicy(maxAttempts: 1, base: .seconds(100_000)) }, "retry.base is"),
        ] as [((inout HandlerOptions) -> Void, String)] {
            var options = HandlerOptions()
            change(&options)
            var handlers = Handlers()
            handlers.handle("chat", options: options) { _, _ in }
            let error = #expect(throws: ConnmixError.self) { try handlers.check(["chat"]) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("the handler of chat: \(words)") == true, "\(String(describing: error))")
        }
    }

    @Test("a trial's database leaves nothing behind")
    func removed() throws {
        var database: TrialDatabase? = try TrialDatabase()
        let path = try #require(database?.path)
        #expect(FileManager.default.fileExists(atPath: path))
        database = nil
        #expect(!FileManager.default.fileExists(atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path))
    }

    @Test("commands and outcomes read well where an expectation fails")
    func descriptions() throws {
        let commands: [(Command, String)] = [
            (try .meshSend(to: "7", "a \"b\"\u{1B}"), #"mesh.send to 7 "a \"b\"\u{1B}""#),
            (try .meshPublish(to: "room", binary: [1, 2]), "mesh.publish to room 2 bytes [1, 2]"),
            (try .subscribe("7", to: ["a", "b"]), #"conn.call of 7 subscribe["a","b"]"#),
            (try .request("queue.pop", paramsJSON: #"{"t":[]}"#), #"queue.pop {"t":[]}"#),
        ]
        for (command, text) in commands {
            #expect("\(command)" == text)
            #expect("\([command])" == "[\(text)]")
        }
        let outcomes: [(HandlerTrial.Outcome, String)] = [
            (.done([]), "done, without commands"),
            (.done([commands[1].0, commands[2].0]), "done, with \(commands[1].1); \(commands[2].1)"),
            (.retry(after: .seconds(1), error: "away"), "retry after 1 s: away"),
            (.dead(reason: "no"), "dead: no"), (.released, "released"),
        ]
        for (outcome, text) in outcomes { #expect("\(outcome)" == text) }
    }
}
