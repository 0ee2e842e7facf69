/// Decides when the next commit begins, and when to look again. Pure.
///
/// At most one commit is asked for at a time: while it waits for the writer, all that comes goes with it.
/// - It begins at once where somebody waits for it: a handler with nothing to do, a command from outside, a command that has ended.
/// - While every handler is busy it is held back a little, for company (`CommitPace`).
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
    /// Some change says more than that a command was sent, and should not wait for another commit.
    private var hasUrgentChange = false
    /// When the marks that wait are to be committed at the latest.
    private var marksDueAt: Int64?
    private var pace = CommitPace()
    /// When the timer fires, where it is set.
    private var timerAt: Int64?
    private(set) var trouble: Trouble?

    // MARK: What asks for a commit

    /// Something came that only a commit moves on.
    ///
    /// - Parameter isAwaited: whether somebody waits for what the commit brings.
    mutating func worked(isAwaited: Bool, now: Int64) -> Step {
        ask(isAwaited: isAwaited, isAtRisk: false, now: now)
    }

    /// Messages came. They are in no file yet.
    mutating func arrived(isAwaited: Bool, now: Int64) -> Step {
        ask(isAwaited: isAwaited, isAtRisk: true, now: now)
    }

    /// A handler has nothing to do. It may be waiting for what is held back.
    mutating func idled(now: Int64) -> Step {
        pace.isHeldBack ? ask(isAwaited: true, isAtRisk: false, now: now) : .nothing
    }

    /// Whatever could go on has gone on.
    ///
    /// - Parameter hasWork: whether anything is left that only a commit moves on, beside changes of commands.
    mutating func pumped(hasWork: Bool, isAwaited: Bool, now: Int64) -> Step {
        hasWork || hasUrgentChange ? ask(isAwaited: isAwaited, isAtRisk: false, now: now) : .nothing
    }

    mutating func timerFired(isAwaited: Bool, now: Int64) -> Step {
        timerAt = nil
        return ask(isAwaited: isAwaited, isAtRisk: false, now: now)
    }

    /// Something became of a command. It asks for nothing by itself: `pumped` or the timer does.
    ///
    /// - Parameter isUrgent: whether it says more than that the command was sent.
    mutating func changed(isUrgent: Bool, now: Int64) {
        hasUrgentChange = hasUrgentChange || isUrgent
        marksDueAt = marksDueAt ?? now + Self.markDelay
    }

    private mutating func ask(isAwaited: Bool, isAtRisk: Bool, now: Int64) -> Step {
        guard !isAsked else { return .nothing }
        if let trouble, trouble.retryAt > now { return .nothing }
        let areMarksDue = marksDueAt.map { $0 <= now } ?? false
        if !isAwaited, !hasUrgentChange, !areMarksDue, let time = pace.hold(now: now, isAtRisk: isAtRisk) {
            return .wait(until: time)
        }
        isAsked = true
        return .commit
    }

    // MARK: What becomes of it

    /// It takes everything that waits.
    mutating func began() {
        isAsked = false
        hasUrgentChange = false
        marksDueAt = nil
        pace.began()
    }

    /// - Returns: whether a trouble is over by it.
    mutating func committed(now: Int64) -> Bool {
        pace.ended(now: now)
        defer { trouble = nil }
        return trouble != nil
    }

    /// It left nothing in the file. What it took waits for the next try.
    mutating func failed(_ error: ConnmixError, now: Int64, using generator: inout some RandomNumberGenerator) {
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
        marksDueAt? += jump
        timerAt? += jump
        trouble?.retryAt += jump
        pace.clockJumped(by: jump)
    }
}
