/// When the centers are asked for the nodes. Pure.
///
/// Every refresh interval, give or take a tenth; sooner after a lost connection, once, and with growing gaps while losses go on; later
/// and later while no center answers.
struct DirectorySchedule {
    private let settings: ClusterMachine.Settings
    private var dueAt: ContinuousClock.Instant
    private var isAsking = false
    private var failures: Backoff
    /// A question that a loss asked for while another one was under way.
    private var earlyAt: ContinuousClock.Instant?
    /// No early question before that.
    private var earlyGate: ContinuousClock.Instant
    private var earlyGaps: Backoff
    private var lastLoss: ContinuousClock.Instant?

    init(settings: ClusterMachine.Settings, now: ContinuousClock.Instant) {
        self.settings = settings
        dueAt = now
        earlyGate = now
        failures = Backoff(base: settings.backoffBase, cap: settings.backoffCap)
        earlyGaps = Backoff(base: settings.backoffBase, cap: settings.refreshInterval)
    }

    /// `nil` while a question is under way.
    var nextQuestion: ContinuousClock.Instant? { isAsking ? nil : dueAt }

    /// - Returns: whether to ask now. The answer, or that there is none, must be told.
    mutating func takeQuestion(now: ContinuousClock.Instant) -> Bool {
        guard !isAsking, dueAt <= now else { return false }
        isAsking = true
        return true
    }

    /// - Parameters:
    ///   - isAlone: no node is known.
    ///   - isPending: a node is missing from the list; a question before the interval is over would tell nothing about it.
    mutating func answered(
        isAlone: Bool, isPending: Bool, now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
    ) {
        failures.reset()
        let jitter = Double.random(in: isPending ? 1.0...1.1 : 0.9...1.1, using: &random)
        ask(at: now + settings.refreshInterval * jitter)
        if isAlone { dueAt = min(dueAt, now + .seconds(1)) }
    }

    mutating func failed(now: ContinuousClock.Instant, random: inout some RandomNumberGenerator) {
        ask(at: now + min(failures.next(using: &random), settings.refreshInterval * 3))
    }

    /// A connection, or the attempt at one, ended.
    mutating func lost(now: ContinuousClock.Instant, random: inout some RandomNumberGenerator) {
        if let lastLoss, now - lastLoss >= settings.standing { earlyGaps.reset() }
        lastLoss = now
        let at = max(now + settings.backoffBase, earlyGate)
        guard at < (isAsking ? earlyAt ?? at + .seconds(1) : dueAt) else { return }
        earlyGate = at + earlyGaps.next(using: &random)
        if isAsking { earlyAt = at } else { dueAt = at }
    }

    private mutating func ask(at time: ContinuousClock.Instant) {
        isAsking = false
        dueAt = min(time, earlyAt ?? time)
        earlyAt = nil
    }
}
