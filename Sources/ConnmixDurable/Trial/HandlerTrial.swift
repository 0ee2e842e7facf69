/// Runs handlers as the consumer would, without network and engine, and says what the consumer would do.
///
/// The same code runs the handler and judges it: the time limit, the retry policy, ``HandlerError``, and what does not decode.
///
/// ```swift
/// let trial = HandlerTrial(handlers)
/// let report = try await trial.run(Message(topic: "chat", client: "7", text: "hello"))
/// #expect(try report.outcome == .done([.meshSend(to: "7", "received: hello")]))
/// ```
///
/// Each call is one attempt at one message: nothing is journaled, no pause is waited out, and nothing waits for another.
public struct HandlerTrial: Sendable {
    private let attempt: Attempt
    private let database: TrialDatabase?

    /// A trial of handlers.
    ///
    /// - Parameters:
    ///   - handlers: those of the program.
    ///   - configuration: its `retry`, `retryForError` and `attemptTimeout` are what the consumer would use; the rest does not matter.
    ///   - database: where the handlers' own tables are, for those that call ``HandlerContext/write(_:)`` or `read`.
    public init(
        _ handlers: Handlers, configuration: ConsumerConfiguration = ConsumerConfiguration(topics: []),
        database: TrialDatabase? = nil
    ) {
        attempt = Attempt(handlers: handlers, configuration: configuration, reading: database?.reading)
        self.database = database
    }

    /// A trial of one handler, for messages of any topic.
    public init(
        configuration: ConsumerConfiguration = ConsumerConfiguration(topics: []), database: TrialDatabase? = nil,
        handler: @escaping MessageHandler
    ) {
        self.init(Handlers(all: handler), configuration: configuration, database: database)
    }

    /// Hands a message to its handler, once. Cancel the task to see what the handler does when the consumer stops.
    ///
    /// Writes of own tables run when the handler has returned, in one transaction: they are in the database if the outcome is
    /// `.done`, and only then.
    ///
    /// - Throws: `invalidConfiguration` where the handler reads or writes tables and the trial has no database; troubles of the
    ///   database that are not the handler's. What the handler throws is not thrown, but judged.
    @concurrent public func run(_ message: Message) async throws -> Report {
        let context = attempt.makeContext()
        let startedAt = Clock.now()
        var result = await attempt.run(message, context, startedAt: startedAt)
        guard !context.hasMissedDatabase else { throw Self.noDatabase("reads") }
        if case .done(_, let writes) = result, !writes.isEmpty {
            guard let database else { throw Self.noDatabase("writes") }
            func write(after earlier: OwnWriteFailure?) throws -> HandlerOutcome.Result? {
                try database.transaction { transaction in
                    try result.writeOwnTables(
                        in: transaction, topic: message.topic, attempt: message.attempt, startedAt: startedAt,
                        judge: attempt.judge, after: earlier)
                }
            }
            do {
                result = try write(after: nil) ?? result
            } catch OwnWriteFailure.disk(let error) {
                throw error
            } catch let failure as OwnWriteFailure {
                result = try write(after: failure) ?? result
            }
        }
        return Report(result, staged: context.commands)
    }

    private static func noDatabase(_ what: String) -> ConnmixError {
        ConnmixError(
            .invalidConfiguration,
            "the handler \(what) tables of its own; give the trial a database: HandlerTrial(…, database: TrialDatabase())")
    }
}
