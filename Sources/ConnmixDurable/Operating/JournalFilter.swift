/// Which entries of the journal are meant. Every condition that is set must hold; an empty filter means all of them.
public struct JournalFilter: Sendable {
    /// More ranges than this are refused: SQLite's expressions are bounded.
    public static let idRangeLimit = 500

    public var ids: [ClosedRange<Int64>] = []
    public var states: Set<EntryState> = []
    public var topic: String?
    public var client: String?
    public var node: String?
    /// Received at or after, in microseconds since 1970.
    public var since: Int64?
    /// Received before.
    public var until: Int64?
    /// A part of the last error, to the letter.
    public var error: String?
    public var handlerVersion: String?

    /// How many entries a page has.
    public var limit = 50
    public var order = ListOrder.newest
    /// The last id of the page before: newer ones follow with `oldest`, older ones with `newest`.
    public var after: Int64?

    /// Finished before, in microseconds since 1970; not the newest entry, whose id must not be given out again.
    package var prunedBefore: Int64?

    public init() {}
}
