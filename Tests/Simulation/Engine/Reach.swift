/// Since when a node is connected to a consumer, or away.
struct Reach {
    private var isReached = false
    private var since: World.Time
    private var wasAwayUntil: World.Time = 0

    init(since: World.Time) { self.since = since }

    /// A consumer takes a node for away after a second; the model may be a little behind it.
    private static let longWait: World.Time = 900_000
    /// What stood aside is given so long to come back.
    private static let patience: World.Time = 8_000_000

    mutating func review(_ isReachedNow: Bool, at now: World.Time) {
        guard isReachedNow != isReached else { return }
        if isReachedNow, now - since >= Self.longWait { wasAwayUntil = now + Self.patience }
        isReached = isReachedNow
        since = now
    }

    /// Whether it is away for long, or was until just now.
    func mayBeAway(at now: World.Time) -> Bool {
        now < wasAwayUntil || !isReached && now - since >= Self.longWait
    }
}
