/// Which entries of the journal are meant. Every condition that is set must hold; an empty filter means all of them.
public struct JournalFilter: Sendable {
    /// More ranges than this are refused: SQLite's expressions are bounded.
    public static let idRangeLimit = 500

    /// Entries whose ids lie in one of these ranges, `idRangeLimit` of them at most; empty: any.
    public var ids: [ClosedRange<Int64>] = []
    /// Entries in one of these states; empty: in any.
    public var states: Set<EntryState> = []
    /// The queue they were popped from, to the letter.
    public var topic: String?
    /// The end user's id as text, to the letter.
    public var client: String?
    /// The node that held the end user's connection, by its id.
    public var node: String?
    /// Received at or after, in microseconds since 1970.
    public var since: Int64?
    /// Received before, in microseconds since 1970.
    public var until: Int64?
    /// A part of the last error, to the letter.
    public var error: String?
    /// The cause of the last error, by its `FailureCause.id`.
    public var cause: String?
    /// The version of the handler that took them last, to the letter.
    public var handlerVersion: String?

    /// How many entries a page has; 50 by default.
    public var limit = 50
    /// By id, and so in the order in which they were journaled or imported.
    public var order = ListOrder.newest
    /// The last id of the page before: newer ones follow with `oldest`, older ones with `newest`.
    public var after: Int64?

    /// Finished before, in microseconds since 1970; not the newest entry, whose id must not be given out again.
    package var prunedBefore: Int64?

    /// A filter that means all entries, the newest first.
    public init() {}
}
