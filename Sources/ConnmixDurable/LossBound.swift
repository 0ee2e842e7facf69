/// What can be lost, and no more: connmix has no acknowledgement, so a message that was read and is not in the file exists nowhere else.
public struct LossBound: Sendable, Equatable {
    /// Whether a consumer runs; where none does nothing is read, and nothing is at risk.
    public let isRunning: Bool
    /// Messages that are lost if the process dies now: read and not committed. The consumer says so outside the database at each
    /// change, whatever the disk does. 0 where no consumer runs.
    public let now: Int64
    /// The most there were at one time in the newest run. Where its process died and nothing is known of that: the limit.
    public let high: Int64
    /// The most there may be: the run's `atRiskLimit`. Past it nothing is read; the read that reached it may exceed it. `nil` before
    /// the first run, and where that was one of an earlier version.
    public let limit: Int64?
    /// Whether every commit is on disk when it counts as done (`synchronous=FULL`). Otherwise a power cut may take the commits since
    /// the last checkpoint or sync, too; a crash of the process does not. `nil` before the first run.
    public let survivesPowerCut: Bool?
    /// How old `now` is, in microseconds. Over a second or two: the process stands still, or it is of a version that says so with its
    /// commits only. `nil` where no consumer runs, and while one that has the file opens it.
    public let age: Int64?

    init(isRunning: Bool, now: Int64, high: Int64, limit: Int64?, survivesPowerCut: Bool?, age: Int64? = nil) {
        self.isRunning = isRunning
        self.now = now
        self.high = high
        self.limit = limit
        self.survivesPowerCut = survivesPowerCut
        self.age = age
    }

    /// The same for people; `nil` where it is not worth a word.
    package var ageText: String? {
        guard let age, age >= 3_000_000 else { return nil }
        return "as of \(age / 1_000_000) s ago"
    }

    /// The same for people, in a sentence or two.
    public var text: String {
        guard let survivesPowerCut else { return "no consumer has run yet" }
        let range = "the most in the newest run: \(high); the limit: \(limit.map { "\($0)" } ?? "unknown")"
        var text =
            isRunning
            ? "a crash now loses \(Self.messages(now)) read and not committed\(ageText.map { ", \($0)" } ?? "") (\(range)), and what the sockets hold unread"
            : "no consumer runs, so nothing is read and not committed (\(range))"
        if !survivesPowerCut {
            text += "; a power cut may also lose the commits since the last checkpoint or sync (synchronous=NORMAL)"
        }
        return text
    }

    private static func messages(_ count: Int64) -> String { count == 1 ? "1 message" : "\(count) messages" }
}
