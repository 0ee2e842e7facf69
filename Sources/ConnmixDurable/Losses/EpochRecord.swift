/// One connection to a node, and what it brought.
public struct EpochRecord: Sendable {
    /// Ids grow in the order of opening and are never used twice.
    public let id: Int64
    /// The run that opened it: ``RunRecord/id``.
    public let run: Int64
    /// The node's id as the center told it.
    public let node: String
    /// Where the node was reached, `host:port`.
    public let address: String
    /// Microseconds since 1970, UTC; as all times here.
    public let openedAt: Int64
    /// When it was first popped; `nil`: never. In microseconds since 1970, UTC.
    public let consumingAt: Int64?
    /// `nil` while it is open. Where the process died: its last sign of life, so it may have been later. In microseconds since 1970, UTC.
    public let closedAt: Int64?
    /// Whether it is open, ended in order, or may have lost something.
    public let end: ConnectionEnd
    /// Messages that were read, as of the last account: at most a second old while the consumer runs or when it ended in order.
    public let frames: Int64
    /// Of their payloads.
    public let bytes: Int64
    /// The first entry of the journal that one of its messages became. Entries of other connections lie between first and last.
    public let firstEntry: Int64?
    /// The last entry that one of its messages became; `nil` where it brought none.
    public let lastEntry: Int64?
    /// What ended it; of an open one that its process did not close: `processDied`.
    public let cause: EpochCause
    /// Why it ended, for people.
    public let reason: String?
    /// The most messages that its run had read and not committed at one time.
    public let atRiskHigh: Int64

    /// What may be lost with it, in plain words; `nil` where it did not end uncleanly.
    public var mayBeLost: String? {
        guard end == .unclean else { return nil }
        let unread = "what the node had handed out and was not read yet (the sockets hold some 25,000 small messages)"
        switch cause {
        case .processDied:
            return "what was read and not committed (never more than \(atRiskHigh) at a time), and \(unread)"
        case .connection:
            return consumingAt == nil && frames == 0
                ? "little: its first queue.pop was not answered" : "\(unread); what was read is in the journal"
        }
    }

    static let processDied = "the process died"

    /// - Parameter atRisk: what it had read and not committed, where that is known.
    static func death(atRisk: Int64?) -> String {
        let lost = atRisk.map { ", at most \($0) message\($0 == 1 ? "" : "s") read and not committed then" } ?? ""
        return "\(processDied)\(lost); time and counts are those of its last account"
    }
}
