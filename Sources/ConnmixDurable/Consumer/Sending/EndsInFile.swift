/// Commands ended in the file that others may have waited for there: when is that looked at? Pure.
///
/// At once, then at most once a second, and where a pass is under way that has not come to its end, each ten seconds: commands that
/// supersede each other all day must not keep the pass at its beginning.
struct EndsInFile: Sendable {
    private static let pause: Int64 = 1_000_000
    private static let patience: Int64 = 10_000_000

    private var isWanted = false
    private var lookAt: Int64 = .min
    private var passFirstUntil: Int64 = .min

    var nextDeadline: Int64? { isWanted ? lookAt : nil }

    mutating func ended() {
        isWanted = true
    }

    /// Everything is looked at again.
    mutating func looked() {
        isWanted = false
    }

    /// - Parameter isBehind: whether a pass is under way.
    mutating func isDue(now: Int64, isBehind: Bool) -> Bool {
        guard isWanted, now >= lookAt else { return false }
        lookAt = now + Self.pause
        guard !isBehind || now >= passFirstUntil else { return false }
        passFirstUntil = now + Self.patience
        return true
    }

    mutating func clockJumped() {
        (lookAt, passFirstUntil) = (.min, .min)
    }
}
