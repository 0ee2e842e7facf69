internal import Tracing

/// Spans around handlers and sends, where somebody traces.
struct ConsumerSpans: Sendable {
    private let tracer: (any Tracer)?

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

    /// A command is written to a node's connection; the span ends with its outcome.
    func sending(_ command: Command, id: Int64, to node: String) -> (any Span)? {
        guard let tracer else { return nil }
        let span = tracer.startSpan("connmix send", context: .topLevel, ofKind: .producer)
        span.attributes["messaging.system"] = "connmix"
        span.attributes["messaging.operation.name"] = command.method
        span.attributes["connmix.command.id"] = id
        span.attributes["connmix.node"] = node
        return span
    }

    static func end(_ span: any Span, _ result: CommandOutcome.Result) {
        switch result {
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
