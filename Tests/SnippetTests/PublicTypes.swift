// The code of the public types' documentation. It is built with the tests, under the package's own settings; `DriftTests` compares it
// with what the documents show.

import ConnmixDurable

private struct Order: Codable {
    var id: Int
    var name: String
}

private func oneHandler() async throws {
    // snippet.consumer
    let consumer = ConnmixConsumer(configuration: .init(topics: ["chat"])) { message, context in
        try context.meshSend(to: message.client, "received: \(message.text ?? "")")
    }
    try await consumer.run()
    // snippet.end
}

private func handlers() {
    // snippet.handlers
    var handlers = Handlers()
    handlers.handle("chat") { message, context in
        try context.meshSend(to: message.client, "received: \(message.text ?? "")")
    }
    handlers.handle("orders", as: Order.self) { order, message, context in
        try context.meshPublish(to: "orders", json: order)
    }
    // snippet.end
}

private func welcome(_ handlers: inout Handlers) {
    // snippet.context
    handlers.handle("chat") { message, context in
        try context.subscribe(message.client, to: "room:7")
        try context.meshSend(to: message.client, "welcome")
    }
    // snippet.end
}

private func client(_ context: HandlerContext) throws {
    // snippet.client
    try context.meshSend(to: "1463786910324359168", "hello")
    // snippet.end
}

private func settings() {
    var configuration = ConsumerConfiguration(topics: ["chat"])

    // snippet.retry
    var policy = RetryPolicy()
    policy.maxAttempts = 3
    policy.base = .seconds(1)
    // snippet.end
    configuration.retry = policy

    // snippet.lanes
    configuration.lanes = .by { message in message.text.map { String($0.prefix(3)) } }
    configuration.lanes.order = .relaxed
    // snippet.end

    // snippet.dedupe
    configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
        struct Frame: Decodable { var number: Int }
        return (try? message.json(as: Frame.self)).map { "\(message.topic)/\(message.client)/\($0.number)" }
    }
    // snippet.end
}
