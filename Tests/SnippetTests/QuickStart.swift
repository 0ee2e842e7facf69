// The code of README's quick start and of the public types' documentation. It is built with the tests, under the package's own
// settings; `DriftTests` compares it with what the documents show.

// snippet.quick-start
import ConnmixDurable

// snippet.hide
private struct Order: Decodable {
    var id: Int
    var name: String
    var isKnown: Bool { id > 0 }
}

private func quickStart() async throws {
    // snippet.show
    let configuration = ConsumerConfiguration(
        database: "orders.sqlite3", centers: ["10.0.0.5:6787"], topics: ["chat", "orders"])

    var handlers = Handlers()
    handlers.handle("chat") { message, context in
        try context.subscribe(message.client, to: "room:7")
        try context.meshPublish(to: "room:7", "joined: \(message.client)")
        try context.meshSend(to: message.client, "received: \(message.text ?? "")")
    }
    handlers.handle("orders", as: Order.self) { order, message, context in
        guard order.isKnown else { throw HandlerError.permanent("no such order") }
        try context.setContextValue(message.client, "order", order.id)
    }

    let consumer = ConnmixConsumer(configuration: configuration, handlers: handlers)
    try await consumer.run()  // or in a ServiceGroup: it is a swift-service-lifecycle Service
    // snippet.end
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
        try context.meshPublish(to: "orders", order.name)
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
        return (try? message.decode(Frame.self)).map { "\(message.client)/\($0.number)" }
    }
    // snippet.end
}
