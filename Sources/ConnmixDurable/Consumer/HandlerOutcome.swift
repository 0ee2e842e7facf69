/// How one attempt ended, on its way into the file. Outcomes are copied from room to room, so they are behind one reference.
final class HandlerOutcome: Sendable {
    enum Result: Sendable {
        case done([Command], writes: [OwnWrite])
        case retry(FailedAttempt, after: Duration)
        case dead(FailedAttempt)
        /// Dead, and its lane stands still.
        case parked(FailedAttempt, lane: String)
        /// Interrupted by the consumer's own stop; the attempt does not count.
        case released

        /// Until the next attempt, where there is one.
        var pause: Duration? {
            if case .retry(_, let pause) = self { pause } else { nil }
        }
    }

    let id: Int64
    let delivery: Delivery
    /// Microseconds since 1970.
    let startedAt: Int64
    let result: Result

    init(id: Int64, delivery: Delivery, startedAt: Int64, result: Result) {
        self.id = id
        self.delivery = delivery
        self.startedAt = startedAt
        self.result = result
    }

    /// Nothing can change this success any more: the next message of the lane may start before it is committed.
    var isCertain: Bool {
        if case .done(_, let writes) = result { writes.isEmpty } else { false }
    }

    /// It succeeded as far as the handler goes; its own writes are still to come, and may fail.
    var isOpen: Bool {
        if case .done(_, let writes) = result { !writes.isEmpty } else { false }
    }

    func becoming(_ result: Result) -> HandlerOutcome {
        HandlerOutcome(id: id, delivery: delivery, startedAt: startedAt, result: result)
    }
}
