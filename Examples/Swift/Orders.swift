import ConnmixDurable

/// Orders that happen exactly once: the row, the stock and the answer commit with the mark that the message is done.
enum Orders {
    private struct Order: Decodable {
        var order: Int64
        var pieces: Int64
    }

    static func configure(_ configuration: inout ConsumerConfiguration) {
        // An end user who sends an order again has it counted, not handled again.
        configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
            (try? message.json(as: Order.self)).map { "order \($0.order)" }
        }
        configuration.retry.base = .milliseconds(10)
    }

    static func makeHandlers() -> Handlers {
        var handlers = Handlers()
        handlers.handle("chat", as: Order.self) { order, message, context in
            try context.write { tables in
                try tables.execute("CREATE TABLE IF NOT EXISTS stock (pieces INTEGER NOT NULL CHECK (pieces >= 0)) STRICT")
                try tables.execute("INSERT INTO stock SELECT 30 WHERE NOT EXISTS (SELECT * FROM stock)")
                try tables.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, pieces INTEGER NOT NULL) STRICT")
                // What the rows say decides what is answered.
                let isSold =
                    try tables.execute("UPDATE stock SET pieces = pieces - ?1 WHERE pieces >= ?1", SQLValue(order.pieces)) == 1
                if isSold {
                    try tables.execute("INSERT INTO orders VALUES (?1, ?2)", SQLValue(order.order), SQLValue(order.pieces))
                }
                try tables.stage(
                    .meshSend(to: message.client, isSold ? "order \(order.order) sold" : "order \(order.order) refused"))
            }
            // The price service fails now and then. Nothing of the above exists then.
            if order.order.isMultiple(of: 10), message.attempt == 1 { throw PriceServiceIsDown() }
        }
        return handlers
    }

    private struct PriceServiceIsDown: Error {}

    @Sendable static func play(_ stage: Stage) async throws {
        let user = try await stage.engine.connectEndUser()
        let orders = (1...40).map { #"{"order":\#($0),"pieces":1}"# }
        print("40 orders for one piece each of 30, each sent twice; every tenth fails at its first attempt")
        try await user.send(contentsOf: orders.flatMap { [$0, $0] })
        try await stage.consuming(makeHandlers(), configure) {
            try await stage.engine.waitUntil { $0.delivered >= 15 }
        }
        print("-- the consumer is stopped in the middle, and started again")
        try await stage.consuming(makeHandlers(), configure) {
            try await stage.engine.waitUntil { $0.delivered >= 40 }
        }
        await user.close()
        var answers: [String] = []
        for await frame in user.frames { answers.append(frame.text ?? "") }
        print("\(answers.count) answers, \(Set(answers).count) different ones")
        print("\(answers.count { $0.hasSuffix("sold") }) sold, \(answers.count { $0.hasSuffix("refused") }) refused")
        let status = try Inspector(database: stage.database).status()
        print("\(status.journal[.done] ?? 0) messages done, \(status.journal[.dead] ?? 0) dead")
    }
}
