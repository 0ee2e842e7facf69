/// How the messages of one topic are handled, where it is not as ``ConsumerConfiguration`` says.
///
/// ```swift
/// var slow = HandlerOptions()
/// slow.timeout = .seconds(60)
/// slow.retry = RetryPolicy(maxAttempts: 3, base: .seconds(1))
/// handlers.handle("reports", options: slow) { message, context in
///     try await makeReport(message.text ?? "")
/// }
/// ```
public struct HandlerOptions: Sendable {
    /// When a message whose handler failed is handled again; `nil`: by ``ConsumerConfiguration/retry``.
    /// ``ConsumerConfiguration/retryForError`` goes before both.
    public var retry: RetryPolicy?
    /// How long one attempt may take, 1 ms to a day; `nil`: ``ConsumerConfiguration/attemptTimeout``.
    public var timeout: Duration?
    /// How many messages of the topic are handled at once; `nil`: as many as ``ConsumerConfiguration/concurrency`` lets. What waits for its
    /// turn is in no other topic's way, neither for handlers nor in memory. 1 to 10,000.
    public var concurrency: Int?

    /// Everything as the configuration says.
    public init() {}

    /// - Throws: `invalidConfiguration`, naming the value and what it may be.
    func check(_ topic: String) throws(ConnmixError) {
        func require(_ isFit: Bool, _ what: String) throws(ConnmixError) {
            guard isFit else { throw ConnmixError(.invalidConfiguration, "the handler of \(Quoted.bounded(topic)): \(what)") }
        }
        if let retry {
            try require(retry.maxAttempts >= 1, "maxAttempts is \(retry.maxAttempts); it must be at least 1")
        }
        if let concurrency {
            try require(
                (1...ConsumerConfiguration.concurrencyLimit).contains(concurrency),
                "concurrency is \(concurrency); it may be 1 to \(ConsumerConfiguration.concurrencyLimit)")
        }
        for (name, duration) in [("retry.base", retry?.base), ("retry.cap", retry?.cap), ("timeout", timeout)] {
            guard let duration else { continue }
            try require(
                duration >= .milliseconds(1) && duration <= .seconds(86_400), "\(name) is \(duration); it may be 1 ms to 1 day")
        }
    }
}
