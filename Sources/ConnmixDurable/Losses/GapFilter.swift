/// Which times without consumption are meant. Every condition that is set must hold.
public struct GapFilter: Sendable {
    /// The node's id, to the letter.
    public var node: String?
    /// Not ended before that time, in microseconds since 1970.
    public var since: Int64?
    /// Begun before that time, in microseconds since 1970.
    public var until: Int64?
    /// How many at most; 50 by default.
    public var limit = 50
    /// By the time they began.
    public var order = ListOrder.newest

    /// A filter that means all of them, the newest first.
    public init() {}
}
