/// What can be lost, and no more: connmix has no acknowledgement, so a message that was read and is not in the file exists nowhere else.
public struct LossBound: Sendable, Equatable {
    /// Whether a consumer runs; where none does nothing is read, and nothing is at risk.
    public let isRunning: Bool
    /// Messages that are lost if the process dies now: read and not committed, as of the consumer's last account (at most a second
    /// ago while it is busy). 0 where no consumer runs.
    public let now: Int64
    /// The most there were at one time in the newest run.
    public let high: Int64
    /// The most there may be: the run's `atRiskLimit`. Past it nothing is read; the read that reached it may exceed it. `nil` before
    /// the first run, and where that was one of an earlier version.
    public let limit: Int64?
    /// Whether every commit is on disk when it counts as done (`synchronous=FULL`). Otherwise a power cut may take the commits since
    /// the last checkpoint or sync, too; a crash of the process does not. `nil` before the first run.
    public let survivesPowerCut: Bool?

    /// The same for people, in a sentence or two.
    public var text: String {
        guard let survivesPowerCut else { return "no consumer has run yet" }
        let range = "the most in the newest run: \(high); the limit: \(limit.map { "\($0)" } ?? "unknown")"
        var text =
            isRunning
            ? "a crash now loses \(Self.messages(now)) read and not committed (\(range)), and what the sockets hold unread"
            : "no consumer runs, so nothing is read and not committed (\(range))"
        if !survivesPowerCut {
            text += "; a power cut may also lose the commits since the last checkpoint or sync (synchronous=NORMAL)"
        }
        return text
    }

    private static func messages(_ count: Int64) -> String { count == 1 ? "1 message" : "\(count) messages" }
}
