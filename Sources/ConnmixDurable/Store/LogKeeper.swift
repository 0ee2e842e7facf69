/// Decides when the log is moved into the database file, when it gives its room back, and what is said of its size. Pure.
struct LogKeeper {
    /// Up to this size the log keeps the room it has: overwriting is faster than growing anew.
    static let bound: Int64 = 64 << 20
    /// A writer without an owner checkpoints each time the log has grown by so many pages.
    static let idlePages = 1_000

    enum News: Equatable {
        /// It has reached the bound, or twice what was told of last.
        case grown(bytes: Int64)
        /// It was told of, and is within the bound again.
        case shrunk(bytes: Int64)
    }

    private var lastTry = LogFacts(pages: 0, moved: 0)
    private(set) var bytes: Int64 = 0
    private var told: Int64 = 0
    private var lookAt: ContinuousClock.Instant?
    private var shrinkAt: ContinuousClock.Instant?
    private var triesAgainAt: ContinuousClock.Instant?
    /// How long a checkpoint waits for those who commit. It grows while they do not let it through.
    private(set) var patience = Self.leastPatience
    /// Nobody has let it through for half a minute and several tries: somebody is not merely at work.
    var isShutOut: Bool { patience == Self.mostPatience }

    private static let lookInterval: Duration = .seconds(1)
    private static let leastPatience: Duration = .milliseconds(100)
    private static let mostPatience: Duration = .seconds(2)
    /// Commits wait meanwhile: of the time, at most a tenth and some goes into waiting for others.
    private static let restAfterWaiting = 10

    // MARK: Moving

    /// How many pages are worth a checkpoint: after one only what came since counts, so that what a reader holds back is not tried
    /// again at each commit. None while one that others kept waiting rests.
    func pages(_ log: LogFacts, now: @autoclosure () -> ContinuousClock.Instant) -> Int {
        if let triesAgainAt, now() < triesAgainAt { return 0 }
        let hasStartedOver = log.pages < lastTry.pages || log.moved < lastTry.moved
        return min(log.unmoved, hasStartedOver ? log.pages : log.pages - lastTry.pages)
    }

    /// How long readers may take to leave the log, so that it can start over, in milliseconds: theirs are short, and commits wait.
    static let readersTime = 50

    /// A checkpoint was tried.
    ///
    /// - Parameter isThrough: whether those who commit let it through.
    mutating func tried(_ log: LogFacts, isThrough: Bool, now: ContinuousClock.Instant) {
        if isThrough {
            lastTry = log
            triesAgainAt = nil
            patience = Self.leastPatience
        } else {
            triesAgainAt = now + patience * Self.restAfterWaiting
            patience = min(patience * 2, Self.mostPatience)
        }
    }

    /// Whether a writer that finds no owner has reason to checkpoint.
    static func isDue(before: LogFacts, after: LogFacts) -> Bool {
        after.unmoved / idlePages > (after.pages < before.pages ? 0 : before.unmoved / idlePages)
    }

    // MARK: Size

    /// Whether the file's size is to be looked at: once a second.
    mutating func isLookDue(now: ContinuousClock.Instant) -> Bool {
        if let lookAt, now < lookAt { return false }
        lookAt = now + Self.lookInterval
        return true
    }

    mutating func looked(bytes: Int64) -> News? {
        self.bytes = bytes
        if bytes <= Self.bound {
            defer { told = 0 }
            return told > 0 ? .shrunk(bytes: bytes) : nil
        }
        guard told == 0 || bytes / 2 >= told else { return nil }
        if told == 0 { told = Self.bound }
        while bytes / 2 >= told { told *= 2 }
        return .grown(bytes: bytes)
    }

    /// Whether the log should give room back as soon as nothing else is to be done.
    func mustShrink(now: ContinuousClock.Instant) -> Bool {
        bytes > Self.bound && shrinkAt.map { $0 <= now } ?? true && triesAgainAt.map { $0 <= now } ?? true
    }

    mutating func triedToShrink(now: ContinuousClock.Instant) {
        shrinkAt = now + Self.lookInterval
        lookAt = nil
    }
}
