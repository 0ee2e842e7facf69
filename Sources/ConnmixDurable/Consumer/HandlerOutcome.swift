/// How one attempt ended, on its way into the file.
struct HandlerOutcome: Sendable {
    enum Result: Sendable {
        case done([Command])
        case retry(FailedAttempt, after: Duration)
        case dead(FailedAttempt)
        /// Interrupted by the consumer's own stop; the attempt does not count.
        case released
    }

    let id: Int64
    let delivery: Delivery
    let result: Result

    var isDone: Bool { if case .done = result { true } else { false } }
}
