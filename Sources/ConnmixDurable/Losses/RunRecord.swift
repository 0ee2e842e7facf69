/// One time that a consumer owned the file. All times are microseconds since 1970, UTC.
public struct RunRecord: Sendable {
    /// Ids grow in the order of the starts and are never used twice.
    public let id: Int64
    /// The process that ran it. Another one may have the number by now.
    public let pid: Int64
    /// Of the library.
    public let version: String
    /// ``ConsumerConfiguration/handlerVersion``; `nil` where none was set.
    public let handlerVersion: String?
    /// `full` or `normal`.
    public let synchronous: String
    /// When it took the file. In microseconds since 1970, UTC.
    public let startedAt: Int64
    /// `nil`: it runs, or it ended uncleanly. In microseconds since 1970, UTC.
    public let endedAt: Int64?
    /// Whether it goes on, ended in order, or did not.
    public let end: ConnectionEnd
    /// Entries that handlers of the run before had in hand when it died.
    public let recovered: Int64
    /// The most messages that were read and not committed at one time. Where the process died and nothing is known of that: the limit.
    public let atRiskHigh: Int64
    /// The most there could be; `nil` for runs of earlier versions.
    public let atRiskLimit: Int64?
}
