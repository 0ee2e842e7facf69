/// Which commands of the outbox are meant. Every condition that is set must hold; an empty filter means all of them.
public struct OutboxFilter: Sendable {
    /// Commands whose ids lie in one of these ranges, ``JournalFilter/idRangeLimit`` of them at most; empty: any.
    public var ids: [ClosedRange<Int64>] = []
    /// Commands in one of these states; empty: in any.
    public var states: Set<CommandState> = []
    /// The method: `mesh.send`, `mesh.publish`, `conn.call`, or any other.
    public var kind: String?
    /// The end user that a `mesh.send` or `conn.call` is for.
    public var client: String?
    /// The channel of a `mesh.publish`.
    public var channel: String?
    /// The node that took it; while it is pending, the one it belongs to or prefers. By its id.
    public var node: String?
    /// Publishes that failed for some subscribers.
    public var isPartial = false
    /// Enqueued at or after, in microseconds since 1970.
    public var since: Int64?
    /// Enqueued before, in microseconds since 1970.
    public var until: Int64?
    /// A part of the last error, to the letter.
    public var error: String?
    /// The cause of the last error, by its `FailureCause.id`.
    public var cause: String?

    /// The topic of the message whose handler issued it.
    public var topic: String?
    /// The version of the handler that issued it.
    public var handlerVersion: String?
    /// The message whose handler issued it.
    public var message: Int64?

    /// How many commands a page has; 50 by default.
    public var limit = 50
    /// By id, and so by the time of enqueuing.
    public var order = ListOrder.newest
    /// The last id of the page before: newer ones follow with `oldest`, older ones with `newest`.
    public var after: Int64?

    /// Settled before, in microseconds since 1970; not the newest command, whose id must not be given out again.
    package var prunedBefore: Int64?

    /// A filter that means all commands, the newest first.
    public init() {}
}
