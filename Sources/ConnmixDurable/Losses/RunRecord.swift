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
