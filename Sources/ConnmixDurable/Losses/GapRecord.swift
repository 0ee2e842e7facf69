/// When a node that the center listed was not being consumed.
///
/// Times that follow each other within a second and have one cause are one record.
public struct GapRecord: Sendable {
    /// Ids are never used twice.
    public let id: Int64
    /// The run in which it began.
    public let run: Int64
    /// The node's id as the center told it.
    public let node: String
    /// Where the node was to be reached, `host:port`.
    public let address: String
    /// Microseconds since 1970, UTC; as all times here.
    public let beganAt: Int64
    /// `nil`: it goes on. In microseconds since 1970, UTC.
    public let endedAt: Int64?
    /// The kind of `reason` it began with.
    public let cause: GapCause
    /// Why it began, in words for people.
    public let reason: String
    /// How many times it stands for.
    public let times: Int64
    /// Microseconds between its times, in which the node was consumed.
    public let consumed: Int64

    /// What may be lost with it, in plain words.
    public var mayBeLost: String {
        cause == .restarted
            ? "what its queues held when it stopped" : "nothing, unless its queues filled up (2,000 messages a topic)"
    }

    /// For how many microseconds the node was not consumed, until that time where it goes on.
    ///
    /// - Parameter now: in microseconds since 1970.
    public func lasted(now: Int64) -> Int64 { max(0, (endedAt ?? now) - beganAt - consumed) }
}
