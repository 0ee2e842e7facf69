internal import Tracing

/// Spans around handlers and sends, where somebody traces.
///
/// A tracer is somebody else's code: it is called while no lock is held, and of a send on the loop, so that each command's spans begin and end
/// in order.
struct ConsumerSpans: Sendable {
    private let tracer: (any Tracer)?
    /// Of commands in flight.
    private let sends = Locked<[Int64: any Span]>([:])

    init(_ tracer: any Tracer) {
        self.tracer = tracer is NoOpTracer ? nil : tracer
    }

    var isOn: Bool { tracer != nil }

    /// Runs one attempt in a span of its own, which spans of the handler become children of.
    func handling(
        _ message: Message, _ body: () async -> HandlerOutcome.Result
    ) async -> HandlerOutcome.Result {
        guard let tracer else { return await body() }
        return await tracer.withSpan("connmix handle", ofKind: .consumer) { span in
            span.attributes["messaging.system"] = "connmix"
            span.attributes["messaging.destination.name"] = message.topic
            span.attributes["messaging.message.id"] = message.id
            span.attributes["connmix.node"] = message.node
            span.attributes["connmix.attempt"] = message.attempt
            let result = await body()
            switch result {
            case .done(let commands, _):
                span.attributes["connmix.commands"] = commands.count
            case .retry(let attempt, _), .dead(let attempt), .parked(let attempt, _):
                span.setStatus(SpanStatus(code: .error, message: attempt.error))
            case .released:
                span.attributes["connmix.interrupted"] = true
            }
            return result
        }
    }

    /// A command is about to be written to a node's connection; the span ends with its outcome.
    func sending(_ command: Command, id: Int64, to node: String) {
        guard let tracer else { return }
        let span = tracer.startSpan("connmix send", context: .topLevel, ofKind: .producer)
        span.attributes["messaging.system"] = "connmix"
        span.attributes["messaging.operation.name"] = command.method
        span.attributes["connmix.command.id"] = id
        span.attributes["connmix.node"] = node
        sends.withLock { $0[id] = span }
    }

    func ended(_ outcome: CommandOutcome) {
        guard isOn, let span = sends.withLock({ $0.removeValue(forKey: outcome.command) }) else { return }
        switch outcome.result {
        case .replied(.success): break
        case .replied(.failure(let code, _)):
            span.attributes["connmix.code"] = code.rawValue
            span.setStatus(SpanStatus(code: .error, message: "refused with code \(code)"))
        case .overdue(let reason): span.setStatus(SpanStatus(code: .error, message: reason))
        case .lost(let end): span.setStatus(SpanStatus(code: .error, message: end.reason))
        case .notWritten: span.setStatus(SpanStatus(code: .error, message: "not written"))
        }
        span.end()
    }
}
