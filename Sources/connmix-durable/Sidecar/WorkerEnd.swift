/// What the end of a worker means: for the message that it had, and for the worker after it. Pure.
struct WorkerEnd {
    enum Manner: Equatable {
        /// It was never started.
        case notStarted
        /// It said so, or ended well after it had answered: one that is replaced now and then.
        case expected
        /// It ended before it had answered anything, soon after its start.
        case useless
        /// It died, broke the protocol, or took too long.
        case fault
    }

    enum Held: Equatable {
        /// The attempt has failed.
        case failed
        /// It has not begun: another worker gets it, and it is no attempt.
        case untouched
        /// It may have begun and cannot be told from one that has not: no attempt, but only so often.
        case returned
    }

    /// One that lived longer and had nothing to answer was no failure.
    static let soon = Duration.seconds(10)

    /// With exit code 0.
    var isClean: Bool
    var answers: Int
    var saidLast: Bool
    /// It was ended for what it did.
    var hasFault: Bool
    var lived: Duration

    var manner: Manner {
        if saidLast || isClean && !hasFault && answers > 0 { return .expected }
        return answers == 0 && lived < Self.soon ? .useless : .fault
    }

    /// - Parameters:
    ///   - size: of the line with the message that it worked on, and of what was written ahead.
    ///   - unread: what of its stdin it has not read, where that is known.
    func held(size: Int, unread: Int?) -> Held {
        if hasFault { return .failed }
        if let unread, unread >= size { return .untouched }
        return isClean && answers > 0 ? .returned : .failed
    }
}
