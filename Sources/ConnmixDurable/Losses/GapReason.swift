/// Why a node that the center lists is not consumed: the kind, which programs decide by, and the words for people.
struct GapReason: Sendable, Equatable {
    let cause: GapCause
    let text: String

    /// - Parameter text: may come from outside; it is bounded.
    init(_ cause: GapCause, _ text: String) {
        self.cause = cause
        self.text = text.bounded(toBytes: 300)
    }

    static let consumerStarted = Self(.notConnected, "not connected yet: the consumer had just started")
    static let justListed = Self(.notConnected, "not connected yet: the node was just listed")
    static let restarted = Self(.restarted, "not connected yet: the node has restarted and has a new id")
    static let restartedMeanwhile = Self(
        .restarted, "not connected yet: while no consumer was running the node restarted and has a new id")
    /// Why no node is consumed between two runs.
    static let away = Self(.noConsumer, "no consumer was running")
    static let diedAway = Self(.noConsumer, "\(away.text): its process died, at this time or later")

    /// The node went away while it was not consumed, for this reason.
    var departed: Self { Self(.restarted, text) }
    /// What stood in the way in the end.
    static let left = "the node has left the center's list"

    static func connectionEnded(_ reason: String) -> Self { Self(.connectionEnded, "the connection ended: \(reason)") }
    static func refused(_ words: String) -> Self { Self(.refused, words) }

    /// - Parameter reason: `nil` where more came in than could be written.
    static func paused(_ reason: String?) -> Self {
        Self(.paused, "paused: \(reason ?? "more was read than could be written")")
    }
}
