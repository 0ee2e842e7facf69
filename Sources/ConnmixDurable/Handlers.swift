/// What is done with a message. Returning means done; throwing means that it failed, and is tried again by the retry policy. Only a
/// `CancellationError` in a graceful shutdown says that the handler gave up because of it: the message stays as it was.
///
/// Runs on the concurrent executor. A message may be handed out more than once (at least once): a handler must bear that.
public typealias MessageHandler = @Sendable (Message, HandlerContext) async throws -> Void

/// The handlers of a consumer: one for all topics, or one a topic.
///
/// ```swift
/// var handlers = Handlers()
/// handlers.handle("chat") { message, context in
///     try context.meshSend(to: message.client, "received: \(message.text ?? "")")
/// }
/// handlers.handle("orders", as: Order.self) { order, message, context in
///     try context.meshPublish(to: "orders", order.name)
/// }
/// ```
public struct Handlers: Sendable {
    private var byTopic: [String: MessageHandler] = [:]
    private var fallback: MessageHandler?

    /// No handlers yet; add one for each topic.
    public init() {}

    /// One handler for all topics.
    public init(all handler: @escaping MessageHandler) {
        fallback = handler
    }

    /// Handles the messages of a topic; replaces an earlier handler of it.
    public mutating func handle(_ topic: String, _ handler: @escaping MessageHandler) {
        byTopic[topic] = handler
    }

    /// Handles the messages of a topic, decoded from the JSON of `data`. What does not decode is dead at once, with the
    /// decoder's words.
    public mutating func handle<Value: Decodable & SendableMetatype>(
        _ topic: String, as type: Value.Type,
        _ handler: @escaping @Sendable (Value, Message, HandlerContext) async throws -> Void
    ) {
        byTopic[topic] = { message, context in
            try await handler(try message.decode(type), message, context)
        }
    }

    func handler(for topic: String) -> MessageHandler? {
        byTopic[topic] ?? fallback
    }

    func check(_ topics: [String]) throws(ConnmixError) {
        for topic in topics where handler(for: topic) == nil {
            throw ConnmixError(.invalidConfiguration, "the topic \(topic) is consumed but has no handler; add one")
        }
    }
}
