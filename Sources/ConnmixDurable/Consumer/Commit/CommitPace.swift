/// Decides whether a commit begins at once or waits for company. Pure.
///
/// A commit writes the same handful of pages, and flushes them as often, for one entry as for twenty. While every handler is busy
/// nobody gains by an early one, so commits are then a little apart, and each carries what gathers meanwhile. As soon as a handler
/// has nothing to do it may be waiting for what the next commit brings, and that begins at once, unless a delay was asked for.
struct CommitPace: Sendable {
    /// What a commit carries, the least urgent first.
    enum Cargo: Comparable {
        /// Outcomes of handlers that succeeded: their lanes have gone on already, only their commands wait.
        case successes
        /// Messages that are in no file yet.
        case messages
        /// What moves something on: failures, entries to claim or to load.
        case other
    }

    /// What a handler's outcome waits at most, in microseconds from the end of the last commit.
    static let spacing: Int64 = 4_000
    /// The same where messages wait that are not in the file yet: each is at risk until it is.
    static let spacingAtRisk: Int64 = 1_000

    /// How long messages and successes wait for company in any case, in microseconds.
    private let delay: Int64
    private var lastEnd: Int64 = 0
    private var held: (until: Int64, cargo: Cargo)?

    init(delay: Int64 = 0) {
        self.delay = delay
    }

    /// When the commit may begin that is held back.
    var heldUntil: Int64? { held?.until }
    /// Whether a commit is wanted and held back.
    var isHeldBack: Bool { held != nil }

    /// - Parameter isHandlerIdle: whether a handler has nothing to do.
    /// - Returns: when the commit may begin; `nil` for at once.
    mutating func hold(_ cargo: Cargo, isHandlerIdle: Bool, now: Int64) -> Int64? {
        let all = max(cargo, held?.cargo ?? cargo)
        let time: Int64 =
            switch (isHandlerIdle ? all : cargo, isHandlerIdle) {
            case (.successes, true), (.messages, true): now + delay
            case (.other, true): now
            case (.successes, false): max(lastEnd + Self.spacing, now + delay)
            case (.messages, false): max(lastEnd + Self.spacingAtRisk, now + delay)
            case (.other, false): lastEnd + Self.spacing
            }
        // Whoever asks later, and could wait longer, does not put it off.
        let first = min(held?.until ?? time, time)
        // A clock that was set back must not hold anything for long.
        guard now >= lastEnd, now < first else { return nil }
        held = (first, all)
        return first
    }

    /// A handler has nothing to do any more.
    ///
    /// - Returns: when the commit may begin that is held back; `nil` for at once.
    mutating func holdForIdle(now: Int64) -> Int64? {
        held.flatMap { hold($0.cargo, isHandlerIdle: true, now: now) }
    }

    /// The clock was set: what is left of a wait stays.
    mutating func clockJumped(by jump: Int64) {
        lastEnd += jump
        held?.until += jump
    }

    mutating func began() {
        held = nil
    }

    mutating func ended(now: Int64) {
        lastEnd = now
    }
}
