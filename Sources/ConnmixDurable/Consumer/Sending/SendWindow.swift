/// How much may be in flight on one connection, in commands and bytes. Pure.
///
/// It opens with quick answers, closes a little with slow ones, and by half when a command is overdue: an engine is never sent
/// much more than it answers in time. Commands that are overdue keep their places, since the engine has them all the same.
struct SendWindow: Sendable {
    /// Commands that may be in flight before the first answer.
    private static let first = 256.0
    private static let most = 4_096.0
    private static let bytesPerCommand = 4_096
    /// A single command may be larger than that.
    private static let fewestBytes = 64 << 10

    /// Answers that come sooner open the window, and later ones close it.
    private let quick: Int64
    private let slow: Int64
    private var limit: Double
    /// Below it the window opens by one with each answer, above it by one with each round.
    private var threshold = most
    /// What was sent before then says nothing any more of how wide the window should be.
    private var cutAt: Int64 = .min
    private(set) var commands = 0
    private(set) var bytes = 0

    /// - Parameter losses: how many connections to the node were lost soon, one after the other, before this one.
    init(replyTimeout: Duration, losses: Int = 0) {
        let timeout = replyTimeout.microseconds
        quick = max(timeout / 16, 20_000)
        slow = max(timeout / 4, 100_000)
        limit = max(4, Self.first / Double(1 << min(2 * losses, 8)))
    }

    /// Commands that may be in flight.
    var width: Int { Int(limit) }

    func hasRoom(for bytes: Int) -> Bool {
        guard commands > 0 else { return true }
        return commands < width && self.bytes + bytes <= max(Self.fewestBytes, width * Self.bytesPerCommand)
    }

    mutating func took(_ bytes: Int) {
        commands += 1
        self.bytes += bytes
    }

    mutating func gave(_ bytes: Int) {
        assert(commands > 0, "a window gave a place that it never had")
        commands -= 1
        self.bytes -= bytes
    }

    /// - Parameters: when the command was sent, and now, in microseconds.
    mutating func answered(sentAt: Int64, now: Int64) {
        let time = now - sentAt
        if time <= quick {
            limit = min(Self.most, limit < threshold ? limit + 1 : limit + 1 / limit)
        } else if time > slow, sentAt >= cutAt {
            cut(to: limit * 0.8, now: now)
        }
    }

    mutating func overdue(sentAt: Int64, now: Int64) {
        if sentAt >= cutAt { cut(to: limit / 2, now: now) }
    }

    mutating func shift(by jump: Int64) {
        if cutAt > .min { cutAt += jump }
    }

    private mutating func cut(to limit: Double, now: Int64) {
        self.limit = max(1, limit)
        threshold = self.limit
        cutAt = now
    }
}
