/// Which connections are meant. Every condition that is set must hold.
public struct EpochFilter: Sendable {
    public var node: String?
    /// Not ended before that time, in microseconds since 1970.
    public var since: Int64?
    /// Opened before that time.
    public var until: Int64?
    /// Only those that ended uncleanly.
    public var onlyUnclean = false
    /// How many at most.
    public var limit = 50
    public var order = ListOrder.newest

    public init() {}
}
