/// Which connections are meant. Every condition that is set must hold.
public struct EpochFilter: Sendable {
    /// The node's id, to the letter.
    public var node: String?
    /// Not ended before that time, in microseconds since 1970.
    public var since: Int64?
    /// Opened before that time, in microseconds since 1970.
    public var until: Int64?
    /// Only those that ended uncleanly.
    public var onlyUnclean = false
    /// How many at most; 50 by default.
    public var limit = 50
    /// By id, and so by the time of opening.
    public var order = ListOrder.newest

    /// A filter that means all connections, the newest first.
    public init() {}
}
