/// Decides when the next commit begins, and when to look again. Pure.
///
/// At most one commit is asked for at a time: while it waits for the writer, all that comes goes with it.
/// - It begins at once where somebody waits for it: a command from outside, a command that has ended, a stop; and, unless a delay was
///   asked for, where messages or a failure come while a handler has nothing to do.
/// - Otherwise it is held back a little, for company (`CommitPace`).
/// - The marks of commands that were sent wait longest, for a commit that happens anyway.
/// - When nothing happens it begins all the same from time to time: only inside a transaction is it seen what others have changed.
/// - After one that failed none begins before a pause is over; the pauses grow until one succeeds.
///
/// All times are the wall clock's, in microseconds since 1970. `ConsumerCore` performs what is decided.
struct CommitSchedule: Sendable {
    /// What is to be done.
    enum Step: Equatable {
        /// Hand a commit to the writer.
        case commit
        /// None begins before that time: set the timer.
        case wait(until: Int64)
        /// One is on its way, or the timer is set for the next.
        case nothing
    }

    /// Who waits for what the next commit brings.
    enum Waiter {
        /// Every handler is busy.
        case nobody
        /// A handler has nothing to do.
        case handler
        /// A command from outside is to be accepted, or the consumer stops.
        case caller
    }

    /// Why the last commit failed.
    struct Trouble: Sendable {
        fileprivate(set) var error: ConnmixError
        fileprivate(set) var retryAt: Int64
        fileprivate var backoff: Backoff
    }

    /// How long the mark of a sent command may wait for a commit that happens anyway. A lost mark means one more send.
    static let markDelay: Int64 = 50_000
    /// How often another process's changes are looked for when nothing else happens.
    static let pollInterval: Int64 = 200_000

    /// A commit was asked for and has not begun.
    private var isAsked = false
    /// One has begun and not ended.
    private var isUnderWay = false
    /// How often one has begun or ended.
    private(set) var steps = 0
    /// Why one that is awaited does not come back, as far as that is known.
    private(set) var standstill: ConnmixError?
    /// Some change says more than that a command was sent, and should not wait for another commit.
    private var hasUrgentChange = false
    /// When the marks that wait are to be committed at the latest.
    private var marksDueAt: Int64?
    private var pace: CommitPace
    /// When the file was looked at last.
    private var lookedAt: Int64 = 0
    /// When the timer fires, where it is set.
    private var timerAt: Int64?
    private(set) var trouble: Trouble?

    /// - Parameter delay: how long messages, and outcomes of handlers that succeeded, wait for company in any case, in microseconds.
    init(delay: Int64 = 0) {
        pace = CommitPace(delay: delay)
    }

    // MARK: What asks for a commit

    /// Something came that only a commit moves on.
    mutating func worked(for waiter: Waiter, now: Int64) -> Step {
        ask(.other, for: waiter, now: now)
    }

    /// A handler is through.
    ///
    /// - Parameter isSuccess: nothing but the commands that it issued waits for the commit.
    mutating func ended(isSuccess: Bool, for waiter: Waiter, now: Int64) -> Step {
        ask(isSuccess ? .successes : .other, for: waiter, now: now)
    }

    /// Messages came. They are in no file yet.
    ///
    /// - Parameter isMuch: whether so many are at risk that nodes are asked to pause.
    mutating func arrived(isMuch: Bool = false, for waiter: Waiter, now: Int64) -> Step {
        return ask(.messages, for: isMuch ? .caller : waiter, now: now)
    }

    /// A handler has nothing to do. It may be waiting for what is held back.
    mutating func idled(now: Int64) -> Step {
        guard pace.isHeldBack, !isAsked, !isInTrouble(now: now) else { return .nothing }
        if let time = pace.holdForIdle(now: now) { return .wait(until: time) }
        isAsked = true
        return .commit
    }

    /// Whatever could go on has gone on.
    ///
    /// - Parameters:
    ///   - hasWork: whether anything is left that only a commit moves on, beside outcomes and changes of commands.
    ///   - hasOutcomes: whether outcomes wait. Each asked for its commit when it came.
    mutating func pumped(hasWork: Bool, hasOutcomes: Bool = false, for waiter: Waiter, now: Int64) -> Step {
        if hasWork || hasUrgentChange { return ask(.other, for: waiter, now: now) }
        return hasOutcomes ? ask(.successes, for: waiter, now: now) : .nothing
    }

    mutating func timerFired(now: Int64) -> Step {
        timerAt = nil
        guard !isAsked, !isInTrouble(now: now) else { return .nothing }
        let isDue = trouble != nil || hasUrgentChange || (dueAt.map { $0 <= now } ?? false)
        let mustLook = now - lookedAt >= Self.pollInterval || now < lookedAt
        guard isDue || mustLook else { return .nothing }
        isAsked = true
        return .commit
    }

    /// Something became of a command. It asks for nothing by itself: `pumped` or the timer does.
    ///
    /// - Parameter isUrgent: whether it says more than that the command was sent.
    mutating func changed(isUrgent: Bool, now: Int64) {
        hasUrgentChange = hasUrgentChange || isUrgent
        marksDueAt = marksDueAt ?? now + Self.markDelay
    }

    private mutating func ask(_ cargo: CommitPace.Cargo, for waiter: Waiter, now: Int64) -> Step {
        guard !isAsked, !isInTrouble(now: now) else { return .nothing }
        let areMarksDue = marksDueAt.map { $0 <= now } ?? false
        if waiter != .caller, !hasUrgentChange, !areMarksDue,
            let time = pace.hold(cargo, isHandlerIdle: waiter == .handler, now: now)
        {
            return .wait(until: time)
        }
        isAsked = true
        return .commit
    }

    private func isInTrouble(now: Int64) -> Bool {
        trouble.map { $0.retryAt > now } ?? false
    }

    // MARK: What becomes of it

    /// It takes everything that waits.
    mutating func began() {
        isAsked = false
        isUnderWay = true
        steps += 1
        hasUrgentChange = false
        marksDueAt = nil
        pace.began()
    }

    /// - Returns: whether a trouble is over by it.
    mutating func committed(now: Int64) -> Bool {
        ended()
        pace.ended(now: now)
        lookedAt = now
        defer { trouble = nil }
        return trouble != nil
    }

    private mutating func ended() {
        isUnderWay = false
        standstill = nil
        steps += 1
    }

    /// Whether somebody waits for the writer.
    var isAwaited: Bool { isAsked || isUnderWay }

    /// A commit that is awaited does not come back. It is so until it does.
    ///
    /// - Returns: whether that is news.
    mutating func standsStill(_ error: ConnmixError) -> Bool {
        guard standstill == nil, isAwaited else { return false }
        standstill = error
        return true
    }

    /// It left nothing in the file. What it took waits for the next try.
    mutating func failed(_ error: ConnmixError, now: Int64, using generator: inout some RandomNumberGenerator) {
        ended()
        var backoff = trouble?.backoff ?? Backoff(base: .milliseconds(100), cap: .seconds(5))
        let pause = backoff.next(using: &generator)
        // The same trouble may meet another statement at each try; it is told of once.
        let known = trouble.map { $0.error.code == error.code ? $0.error : error } ?? error
        trouble = Trouble(error: known, retryAt: now + pause.microseconds, backoff: backoff)
    }

    // MARK: Time

    /// - Parameter deadline: when somebody else has something to do, if anybody has.
    /// - Returns: when the timer is to fire; `nil` where the one that is set fires early enough.
    mutating func timer(deadline: Int64?, now: Int64) -> Int64? {
        var next = now + Self.pollInterval
        if lookedAt <= now, lookedAt + Self.pollInterval > now { next = lookedAt + Self.pollInterval }
        if let deadline { next = min(next, deadline) }
        // A commit that is on its way takes everything; in trouble nothing is taken before the next try.
        if !isAsked, let time = trouble?.retryAt ?? dueAt { next = min(next, time) }
        next = max(next, now)
        if let timerAt, timerAt <= next { return nil }
        timerAt = next
        return next
    }

    /// When what waits is to be committed at the latest.
    private var dueAt: Int64? {
        guard let held = pace.heldUntil else { return marksDueAt }
        return min(held, marksDueAt ?? held)
    }

    /// The clock was set: what is left of each wait stays.
    mutating func clockJumped(by jump: Int64) {
        lookedAt += jump
        marksDueAt? += jump
        timerAt? += jump
        trouble?.retryAt += jump
        pace.clockJumped(by: jump)
    }
}
