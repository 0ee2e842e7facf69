// The code of docs/handlers.md and of the documentation of what a handler gets. Most of it runs.

import ConnmixDurable
import ConnmixDevEngine
import Logging
import Testing

private struct Order: Codable {
    var id: Int
    var sku: String
}

private func makeReport(_ text: String) async throws {}

private func typed(_ handlers: inout Handlers) {
    // snippet.decoding
    handlers.handle("orders", as: Order.self) { order, message, context in
        try context.meshSend(to: message.client, json: order)
    }
    handlers.handle("audit", as: Order.self, decoding: .wholePayload) { order, message, context in
        try context.meshPublish(to: "audit", "order \(order.id)")
    }
    // snippet.end
}

private func options(_ handlers: inout Handlers) {
    // snippet.handler-options
    var slow = HandlerOptions()
    slow.timeout = .seconds(60)
    slow.retry = RetryPolicy(maxAttempts: 3, base: .seconds(1))
    handlers.handle("reports", options: slow) { message, context in
        try await makeReport(message.text ?? "")
    }
    // snippet.end
}

private func store(_ texts: [String]) async throws -> [Int] { [] }

private func batches(_ handlers: inout Handlers) {
    // snippet.batches
    handlers.handle("events", inBatchesOf: 100, within: .milliseconds(20)) { batch in
        let refused = try await store(batch.map { $0.message.text ?? "" })
        for index in refused { batch[index].fail(HandlerError.permanent("refused by the store")) }
    }
    // snippet.end
}

private func several(_ consumer: ConnmixConsumer) async throws {
    // snippet.several
    let receipts = try await consumer.outbox.enqueue([
        .meshPublish(to: "news", "the shop closes in ten minutes"),
        .meshPublish(to: "staff", "the shop closes in ten minutes"),
    ])
    for receipt in receipts { print(try await receipt.answer(within: .seconds(5)).delivered ?? 0) }
    // snippet.end
}

private func dates(_ message: Message, _ context: HandlerContext) throws {
    // snippet.dates
    let reminder = try Command.meshSend(to: message.client, "your table is free").with { options in
        options.wait(for: .seconds(600))
        options.expiresAfter = .seconds(3_600)
    }
    try context.stage(reminder)
    // snippet.end
}

@Suite("the page on handlers", .timeLimit(.minutes(1)))
struct HandlersPage {
    @Test func decoding() async throws {
        var handlers = Handlers()
        typed(&handlers)
        options(&handlers)
        batches(&handlers)
        let trial = HandlerTrial(handlers)
        let framed = try await trial.run(Message(topic: "orders", client: "7", text: #"{"id":7,"sku":"x"}"#))
        #expect(try framed.outcome == .done([.meshSend(to: "7", #"{"id":7,"sku":"x"}"#)]))
        let whole = try await trial.run(Message(topic: "audit", client: "7", json: #"{"id":7,"sku":"x"}"#))
        #expect(try whole.outcome == .done([.meshPublish(to: "audit", "order 7")]))
        // snippet.json
        let message = Message(topic: "orders", client: "7", text: #"{"id":7,"sku":"x"}"#)
        let order = try message.json(as: Order.self)
        // snippet.end
        #expect(order.sku == "x")
        #expect(try await trial.run(Message(topic: "reports", text: "sales")).outcome == .done([]))
        #expect(try await trial.run(Message(topic: "events", text: "x")).outcome == .done([]))
    }

    @Test func middleware() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var handlers = Handlers(all: { message, context in try context.meshSend(to: message.client, "handled") })
        // snippet.middleware
        handlers.use { message, context, next in
            guard message.age < .seconds(60) else { throw HandlerError.permanent("too old to be answered") }
            try await next(message, context)
        }
        // snippet.end
        // snippet.middleware-log
        handlers.use { message, context, next in
            let start = ContinuousClock.now
            do {
                try await next(message, context)
            } catch {
                logger.warning("failed", metadata: ["topic": "\(message.topic)", "after": "\(ContinuousClock.now - start)"])
                throw error
            }
        }
        // snippet.end
        let report = try await HandlerTrial(handlers).run(Message(topic: "chat", client: "7", text: "x"))
        #expect(try report.outcome == .done([.meshSend(to: "7", "handled")]))
    }

    @Test func tablesDecide() async throws {
        let database = try TrialDatabase()
        try database.write { tables in
            try tables.execute("CREATE TABLE members (client TEXT PRIMARY KEY, name TEXT) STRICT")
        }
        let joining = HandlerTrial(database: database) { message, context in
            // snippet.own-tables-decide
            try context.write { tables in
                let new = try tables.execute("INSERT OR IGNORE INTO members (client) VALUES (?1)", SQLValue(message.client))
                try tables.stage(.meshSend(to: message.client, new == 1 ? "welcome" : "you were here before"))
            }
            // snippet.end
        }
        let asking = HandlerTrial(database: database) { message, context in
            // snippet.own-tables-read
            let rows = try await context.read { tables in
                try tables.query("SELECT name FROM members WHERE client = ?1", SQLValue(message.client))
            }
            guard let name = rows.first?["name"] else { throw HandlerError.permanent("no such member") }
            // snippet.end
            try context.meshSend(to: message.client, name == .null ? "unknown" : "known")
        }
        let message = Message(topic: "chat", client: "7", text: "x")
        #expect(try await asking.run(message).outcome == .dead(reason: "no such member"))
        #expect(try await joining.run(message).outcome == .done([.meshSend(to: "7", "welcome")]))
        #expect(try await joining.run(message).outcome == .done([.meshSend(to: "7", "you were here before")]))
        #expect(try await asking.run(message).outcome == .done([.meshSend(to: "7", "unknown")]))
    }

    // snippet.decides-test
    @Test func welcomesOnce() async throws {
        let database = try TrialDatabase()
        let trial = HandlerTrial(database: database) { message, context in
            try context.write { tables in
                try tables.execute("CREATE TABLE IF NOT EXISTS members (client TEXT PRIMARY KEY) STRICT")
                let new = try tables.execute("INSERT OR IGNORE INTO members VALUES (?1)", SQLValue(message.client))
                try tables.stage(.meshSend(to: message.client, new == 1 ? "welcome" : "you were here before"))
            }
        }
        let message = Message(topic: "chat", client: "7", text: "hello")
        #expect(try await trial.run(message).commands == [.meshSend(to: "7", "welcome")])
        #expect(try await trial.run(message).commands == [.meshSend(to: "7", "you were here before")])
        #expect(try database.query("SELECT client FROM members").map(\.values) == [["7"]])
    }
    // snippet.end
}
