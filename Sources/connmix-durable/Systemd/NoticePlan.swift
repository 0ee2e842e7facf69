import ConnmixDurable

/// What the service manager is told of a consumer, and when. Pure: time is what has passed since the start.
///
/// What `look`, `stop` and `answered` return counts only when `sent` says that it was taken: what was not is said again.
struct NoticePlan {
    struct Step: Equatable {
        var notice: Notice?
        /// The consumer is to be asked whether it lives; `answered` follows, or nothing does.
        var asks = false
    }

    /// While it stops, each look asks for so much more time: a few looks may be late.
    static let extended: Duration = .seconds(15)

    private let database: String
    /// Half of what the watchdog waits for; `nil` where there is none.
    private let pulse: Duration?
    /// Longer than a stop can take that goes as it should.
    private let stopLimit: Duration
    private var isReady = false
    private var stopsSince: Duration?
    private var isStopping = false
    private var status: String?
    private var pulseAt: Duration = .zero
    private var isAsked = false

    init(database: String, watchdog: Duration?, stopLimit: Duration) {
        self.database = database
        self.stopLimit = stopLimit
        pulse = watchdog.map { $0 / 2 }
    }

    mutating func look(_ standing: ConsumerStanding, now: Duration) -> Step {
        var notice = Notice()
        notice.isReady = standing.isRunning && !isReady && stopsSince == nil
        notice.isStopping = stopsSince != nil && !isStopping
        let words = stopsSince == nil ? words(standing) : Self.stopping
        if words != status { notice.status = words }
        if let stopsSince, now - stopsSince < stopLimit { notice.extends = Self.extended }
        var step = Step(notice: notice == Notice() ? nil : notice)
        if pulse != nil, standing.isRunning, !isAsked, now >= pulseAt {
            isAsked = true
            step.asks = true
        }
        return step
    }

    /// It was asked to stop.
    mutating func stop(_ standing: ConsumerStanding, now: Duration) -> Step {
        stopsSince = stopsSince ?? now
        return look(standing, now: now)
    }

    /// All that was asked has answered. Where it does not, the watchdog is left alone, and ends the process.
    mutating func answered() -> Notice {
        isAsked = false
        return Notice(isAlive: true)
    }

    /// It was taken.
    mutating func sent(_ notice: Notice, now: Duration) {
        if notice.isReady { isReady = true }
        if notice.isStopping { isStopping = true }
        if let words = notice.status { status = words }
        if notice.isAlive, let pulse { pulseAt = now + pulse }
    }

    private static let stopping = "stopping: finishing what is in hand, emptying the outbox"

    private func words(_ standing: ConsumerStanding) -> String {
        guard standing.isRunning else { return standing.hasEnded ? "the consumer has ended" : "opening \(database)" }
        if let paused = standing.paused { return "nothing is taken: \(paused)" }
        if let trouble = standing.handlerTrouble { return "handlers cannot run: \(trouble)" }
        let center = standing.centerTrouble.map { "the center is in trouble, and asked again: \($0)" }
        guard standing.listed > 0 else { return center ?? "asking the center for its nodes" }
        var words = "consuming \(standing.consuming) of \(standing.listed) node\(standing.listed == 1 ? "" : "s")"
        if let center { words += "; \(center)" }
        return words
    }
}
