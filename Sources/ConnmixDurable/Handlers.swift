/// What is done with a message. Returning means done; throwing means that it failed, and is tried again by the retry policy. Only a
/// `CancellationError` in a graceful shutdown says that the handler gave up because of it: the message stays as it was.
///
/// Runs on the concurrent executor. A message may be handed out more than once (at least once): a handler must bear that.
public typealias MessageHandler = @Sendable (Message, HandlerContext) async throws -> Void

/// What stands around handlers: it sees each attempt before and after its handler, and may do without it.
///
/// `next` is the handler, or the middleware inside this one. What it throws is what the attempt failed with, unless it is caught here. Runs
/// on the concurrent executor, as the handler does.
public typealias HandlerMiddleware =
    @Sendable (_ message: Message, _ context: HandlerContext, _ next: @escaping MessageHandler) async throws -> Void

/// The handlers of a consumer: one for all topics, or one a topic.
///
/// ```swift
/// var handlers = Handlers()
/// handlers.handle("chat") { message, context in
///     try context.meshSend(to: message.client, "received: \(message.text ?? "")")
/// }
/// handlers.handle("orders", as: Order.self) { order, message, context in
///     try context.meshPublish(to: "orders", json: order)
/// }
/// ```
public struct Handlers: Sendable {
    private var byTopic: [String: MessageHandler] = [:]
    private var fallback: MessageHandler?
    private var middleware: [HandlerMiddleware] = []
    /// Of the topics that have some.
    private(set) var options: [String: HandlerOptions] = [:]

    /// No handlers yet; add one for each topic.
    public init() {}

    /// One handler for all topics.
    public init(all handler: @escaping MessageHandler) {
        fallback = handler
    }

    /// Handles the messages of a topic; replaces an earlier handler of it, with its options.
    public mutating func handle(
        _ topic: String, options: HandlerOptions = HandlerOptions(), _ handler: @escaping MessageHandler
    ) {
        byTopic[topic] = handler
        self.options[topic] = options
    }

    /// Handles the messages of a topic, decoded from JSON: what the end user sent, where the message is a frame with a text, and
    /// otherwise all of `data`. What does not decode is dead at once, with the decoder's words and the beginning of what was there.
    ///
    /// - Parameters:
    ///   - topic: the queue's name.
    ///   - type: what the JSON is decoded as.
    ///   - decoding: which part is decoded, where that is to be fixed.
    ///   - options: what differs from the configuration for this topic.
    ///   - handler: gets the value, and the message that it came in.
    public mutating func handle<Value: Decodable & SendableMetatype>(
        _ topic: String, as type: Value.Type, decoding: MessageDecoding = .automatic,
        options: HandlerOptions = HandlerOptions(),
        _ handler: @escaping @Sendable (Value, Message, HandlerContext) async throws -> Void
    ) {
        handle(topic, options: options) { message, context in
            try await handler(try message.json(as: type, decoding: decoding), message, context)
        }
    }

    /// Handles several messages of a topic with one call, each with an outcome of its own.
    ///
    /// Those that would be handled at the same time are gathered: at most so many as handlers may run at once, and of one lane only one at a
    /// time. A time limit is that of the message that came first.
    ///
    /// ```swift
    /// handlers.handle("events", inBatchesOf: 100, within: .milliseconds(20)) { batch in
    ///     let refused = try await store(batch.map { $0.message.text ?? "" })
    ///     for index in refused { batch[index].fail(HandlerError.permanent("refused by the store")) }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - topic: the queue's name.
    ///   - size: how many messages a batch has at most; less than one counts as one.
    ///   - limit: how long a batch waits for more after its first message.
    ///   - options: what differs from the configuration for this topic; its `concurrency` should be `size` at least.
    ///   - handler: gets the batch, in the order of arrival.
    public mutating func handle(
        _ topic: String, inBatchesOf size: Int, within limit: Duration, options: HandlerOptions = HandlerOptions(),
        _ handler: @escaping BatchHandler
    ) {
        let batches = Batches(of: size, within: limit, handler)
        handle(topic, options: options) { message, context in try await batches.handle(message, context) }
    }

    /// Puts something around all handlers, those that are added later too. What was put first is outermost.
    ///
    /// It runs with each attempt and within its time limit, and what it stages is staged with the handler's. Returning without calling
    /// `next` means that the message is done.
    ///
    /// ```swift
    /// handlers.use { message, context, next in
    ///     guard message.age < .seconds(60) else { throw HandlerError.permanent("too old to be answered") }
    ///     try await next(message, context)
    /// }
    /// ```
    public mutating func use(_ middleware: @escaping HandlerMiddleware) {
        self.middleware.append(middleware)
    }

    func handler(for topic: String) -> MessageHandler? {
        guard let handler = byTopic[topic] ?? fallback else { return nil }
        return middleware.reversed().reduce(handler) { next, middleware in
            { message, context in try await middleware(message, context, next) }
        }
    }

    func check(_ topics: [String]) throws(ConnmixError) {
        for topic in topics where handler(for: topic) == nil {
            throw ConnmixError(.invalidConfiguration, "the topic \(topic) is consumed but has no handler; add one")
        }
        for (topic, options) in options { try options.check(topic) }
    }
}
