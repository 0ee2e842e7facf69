internal import ServiceLifecycle

/// One attempt at a message: its handler runs within its time, and what it did or threw is judged.
///
/// The consumer and `HandlerTrial` run handlers through it, so that a trial says what the consumer would do.
struct Attempt: Sendable {
    let handlers: Handlers
    let timeout: Duration?
    let judge: Judge
    /// What handlers read tables of; `nil` where there is no database.
    let reading: ReadingPool?

    init(handlers: Handlers, configuration: ConsumerConfiguration, reading: ReadingPool?) {
        self.handlers = handlers
        self.reading = reading
        timeout = configuration.attemptTimeout
        judge = Judge(
            policy: configuration.retry, policies: handlers.options.compactMapValues(\.retry),
            policyForError: configuration.retryForError)
    }

    /// For one attempt.
    ///
    /// - Parameter onBegin: called where handlers are processes of their own, each time that one of them begins with it.
    func makeContext(onBegin: (@Sendable () -> Void)? = nil) -> HandlerContext {
        HandlerContext(reading: reading, onBegin: onBegin)
    }

    /// - Parameter startedAt: in microseconds since 1970.
    func run(_ message: Message, _ context: HandlerContext, startedAt: Int64) async -> HandlerOutcome.Result {
        do {
            guard let handler = handlers.handler(for: message.topic) else {
                throw HandlerError.permanent("no handler for topic \(message.topic)")
            }
            if let timeout = handlers.options[message.topic]?.timeout ?? timeout {
                try await Self.within(timeout) { try await handler(message, context) }
            } else {
                try await handler(message, context)
            }
            let (commands, writes) = context.close()
            return .done(commands, writes: writes)
        } catch {
            _ = context.close()
            // The consumer's own stop interrupted it, whichever error came of that; it is not the message's fault. What the
            // handler says of the message in so many words still counts.
            if Task.isCancelled, !(error is HandlerError), !(error is DetailedHandlerError) { return .released }
            // One that gives up because of the stop, before it is interrupted, leaves its message as it was too, and so does one whose batch the
            // stop ended.
            if error is CancellationError || error is Batches.CutShort, Task.isShuttingDownGracefully { return .released }
            // Where the handler threw something else after it, that is what it says of the message.
            if let trouble = context.diskTrouble, (error as? ConnmixError)?.isTransient == true {
                return judge.waitOut(trouble, attempt: message.attempt, startedAt: context.begunAt ?? startedAt, now: Clock.now())
            }
            var generator = Chance()
            return judge.verdict(
                on: error, topic: message.topic, attempt: message.attempt, startedAt: context.begunAt ?? startedAt,
                now: Clock.now(),
                using: &generator)
        }
    }

    /// Runs `body`, and cancels it when the time is up.
    private static func within(_ limit: Duration, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw HandlerError.timedOut(after: limit)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
