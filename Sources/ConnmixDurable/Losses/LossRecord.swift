/// One time that a consumer owned the file. All times are microseconds since 1970, UTC.
public struct RunRecord: Sendable {
    public let id: Int64
    public let pid: Int64
    /// Of the library.
    public let version: String
    public let handlerVersion: String?
    /// `full` or `normal`.
    public let synchronous: String
    public let startedAt: Int64
    /// `nil`: it runs, or it ended uncleanly.
    public let endedAt: Int64?
    public let end: ConnectionEnd
    /// Entries that handlers of the run before had in hand when it died.
    public let recovered: Int64
    /// The most messages that were read and not committed at one time. Where the process died and nothing is known of that: the limit.
    public let atRiskHigh: Int64
    /// The most there could be; `nil` for runs of earlier versions.
    public let atRiskLimit: Int64?
}

/// How a connection or a run ended.
public enum ConnectionEnd: String, Sendable, CaseIterable {
    /// It has not.
    case open
    /// In order: no more was handed out, and what was under way was waited for.
    case clean
    /// What the engine had handed out and this side had not read is lost.
    case unclean
}

/// One connection to a node, and what it brought.
public struct EpochRecord: Sendable {
    public let id: Int64
    public let run: Int64
    /// The node's id as the center told it.
    public let node: String
    public let address: String
    /// Microseconds since 1970, UTC; as all times here.
    public let openedAt: Int64
    /// When it was first popped; `nil`: never.
    public let consumingAt: Int64?
    /// `nil` while it is open. Where the process died: its last sign of life, so it may have been later.
    public let closedAt: Int64?
    public let end: ConnectionEnd
    /// Messages that were read, as of the last account: at most a second old while the consumer runs or when it ended in order.
    public let frames: Int64
    /// Of their payloads.
    public let bytes: Int64
    /// The first entry of the journal that one of its messages became. Entries of other connections lie between first and last.
    public let firstEntry: Int64?
    public let lastEntry: Int64?
    /// Why it ended.
    public let reason: String?
    /// The most messages that its run had read and not committed at one time.
    public let atRiskHigh: Int64

    /// What may be lost with it, in plain words; `nil` where it did not end uncleanly.
    public var mayBeLost: String? {
        guard end == .unclean else { return nil }
        let unread = "what the node had handed out and was not read yet (the sockets hold some 25,000 small messages)"
        guard let reason, reason.hasPrefix(Self.processDied) else {
            return consumingAt == nil && frames == 0
                ? "little: its first queue.pop was not answered" : "\(unread); what was read is in the journal"
        }
        return "what was read and not committed (never more than \(atRiskHigh) at a time), and \(unread)"
    }

    static let processDied = "the process died"

    /// - Parameter atRisk: what it had read and not committed, where that is known.
    static func death(atRisk: Int64?) -> String {
        let lost = atRisk.map { ", at most \($0) message\($0 == 1 ? "" : "s") read and not committed then" } ?? ""
        return "\(processDied)\(lost); time and counts are those of its last account"
    }
}

/// When a node that the center listed was not being consumed.
///
/// Times that follow each other within a second and have one cause are one record.
public struct GapRecord: Sendable {
    public let id: Int64
    /// The run in which it began.
    public let run: Int64
    public let node: String
    public let address: String
    /// Microseconds since 1970, UTC; as all times here.
    public let beganAt: Int64
    /// `nil`: it goes on.
    public let endedAt: Int64?
    public let reason: String
    /// How many times it stands for.
    public let times: Int64
    /// Microseconds between its times, in which the node was consumed.
    public let consumed: Int64

    /// What may be lost with it, in plain words.
    public var mayBeLost: String {
        reason.contains("restarted")
            ? "what its queues held when it stopped" : "nothing, unless its queues filled up (2,000 messages a topic)"
    }

    /// For how many microseconds the node was not consumed, until that time where it goes on.
    public func lasted(now: Int64) -> Int64 { max(0, (endedAt ?? now) - beganAt - consumed) }
}
