// The code of docs/testing.md: tests of handlers, as a user writes them. They run with the others.

import ConnmixDurable
import ConnmixDevEngine
import Testing

private struct Order: Decodable {
    var id: Int64
    var sku: String
}

// snippet.tested-handlers
/// The program and its tests take the handlers from here.
func makeHandlers() -> Handlers {
    var handlers = Handlers()
    handlers.handle("chat") { message, context in
        guard message.text != "quit" else { throw HandlerError.permanent("the user has left") }
        try context.meshSend(to: message.client, "received: \(message.text ?? "")")
    }
    handlers.handle("orders", as: Order.self) { order, message, context in
        try context.write { tables in
            try tables.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, sku TEXT NOT NULL) STRICT")
            try tables.execute("INSERT INTO orders (id, sku) VALUES (?1, ?2)", .integer(order.id), .text(order.sku))
        }
        try context.meshSend(to: message.client, "ordered: \(order.sku)")
    }
    return handlers
}
// snippet.end

@Suite("the documents' tests of handlers", .timeLimit(.minutes(1)))
struct TestingHandlers {
    let handlers = makeHandlers()

    // snippet.without-network
    @Test func answersChat() async throws {
        let trial = HandlerTrial(makeHandlers())
        let hello = try await trial.run(Message(topic: "chat", client: "7", text: "hello"))
        #expect(try hello.outcome == .done([.meshSend(to: "7", "received: hello")]))

        let quit = try await trial.run(Message(topic: "chat", client: "7", text: "quit"))
        #expect(quit.outcome == .dead(reason: "the user has left"))
    }
    // snippet.end

    @Test func inShort() async throws {
        // snippet.trial
        let trial = HandlerTrial(handlers)
        let report = try await trial.run(Message(topic: "chat", client: "7", text: "hello"))
        #expect(try report.outcome == .done([.meshSend(to: "7", "received: hello")]))
        // snippet.end
    }

    // snippet.with-engine
    @Test func answersEndUsers() async throws {
        let database = try TrialDatabase()
        try await withDevEngine { engine in
            let consumer = ConnmixConsumer(
                configuration: .init(database: database.path, centers: [engine.center], topics: ["chat"]),
                handlers: makeHandlers())
            async let _ = consumer.run()  // cancelled where this closure ends
            let user = try await engine.connectEndUser()
            try await user.send("hello")
            #expect(await user.frames.first { _ in true }?.text == "received: hello")
        }
    }
    // snippet.end

    // snippet.policies
    @Test func givesUpAfterThreeAttempts() async throws {
        var configuration = ConsumerConfiguration(topics: ["chat"])
        configuration.retry.maxAttempts = 3
        configuration.attemptTimeout = .milliseconds(10)
        let trial = HandlerTrial(configuration: configuration) { _, _ in try await Task.sleep(for: .seconds(60)) }

        let first = try await trial.run(Message(topic: "chat", text: "slow"))
        #expect(first.failure == .timedOut)
        let last = try await trial.run(Message(topic: "chat", text: "slow", attempt: 3))
        #expect(last.outcome == .dead(reason: "the attempt took longer than 10 ms"))
    }
    // snippet.end

    @Test func writesOrders() async throws {
        // snippet.trial-database
        let database = try TrialDatabase()
        let trial = HandlerTrial(handlers, database: database)
        _ = try await trial.run(Message(topic: "orders", client: "7", json: #"{"id":1,"sku":"x"}"#))
        #expect(try database.query("SELECT sku FROM orders").map { $0["sku"] } == [.text("x")])
        // snippet.end
    }

    // snippet.own-tables-test
    @Test func anOrderIsWrittenOnce() async throws {
        let database = try TrialDatabase()
        let trial = HandlerTrial(makeHandlers(), database: database)
        let order = Message(topic: "orders", client: "7", json: #"{"id":1,"sku":"x"}"#)
        #expect(try await trial.run(order).commands == [.meshSend(to: "7", "ordered: x")])

        // The same order again: the table refuses it, so the attempt has failed and its command does not exist.
        let second = try await trial.run(order)
        #expect(second.error?.contains("UNIQUE") == true)
        #expect(second.commands == [])
        #expect(try database.query("SELECT id, sku FROM orders").map(\.values) == [[.integer(1), .text("x")]])
    }
    // snippet.end

    @Test func writesTables() async throws {
        let database = try TrialDatabase()
        let trial = HandlerTrial(database: database) { message, context in
            let order = try message.decode(Order.self)
            // snippet.own-tables
            try context.write { tables in
                try tables.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, sku TEXT) STRICT")
                try tables.execute("INSERT INTO orders (id, sku) VALUES (?1, ?2)", .integer(message.id), .text(order.sku))
            }
            // snippet.end
        }
        let report = try await trial.run(Message(topic: "orders", json: #"{"id":1,"sku":"x"}"#, id: 4_711))
        #expect(report.outcome == .done([]))
        #expect(try database.query("SELECT id FROM orders").map(\.values) == [[.integer(4_711)]])
    }
}
