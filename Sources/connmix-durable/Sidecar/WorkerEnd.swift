/// What the end of a worker means: for the message that it had, and for the worker after it. Pure.
struct WorkerEnd {
    enum Manner: Equatable {
        /// It was never started.
        case notStarted
        /// It said so, or ended well after it had answered: one that is replaced now and then.
        case expected
        /// It ended before it had answered anything: soon after its start, or with a message that it had not even read.
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
        /// A worker that has never answered read it and ended. The message may be to blame, or the program (`Blame`).
        case doubtful
    }

    /// What it was ended for.
    enum Fault: Equatable {
        /// It did not answer in time.
        case late
        /// It wrote something else than an answer, or cannot be talked to.
        case improper
    }

    /// What had become of the message that it had last.
    enum Message: Equatable {
        /// It had none.
        case none
        /// It had not read its line.
        case unread
        /// It had, or nobody knows.
        case read
    }

    /// One that lived longer and had nothing to answer was no failure.
    static let soon = Duration.seconds(10)

    /// With exit code 0.
    var isClean: Bool
    var answers: Int
    var saidLast: Bool
    var fault: Fault?
    var message: Message
    var lived: Duration

    var manner: Manner {
        if saidLast || isClean && fault == nil && answers > 0 { return .expected }
        return answers == 0 && (lived < Self.soon || message == .unread) ? .useless : .fault
    }

    /// A program that does something once and is through, as a handler of `--exec` does, or one that defines what it would do.
    var neverRead: Bool { isClean && fault == nil && answers == 0 && message != .read }

    /// What it means for that message.
    var held: Held {
        switch (fault, message) {
        case (_, .unread) where answers == 0, (nil, .unread): .untouched
        case (.late?, _): .failed
        case (nil, _) where isClean && answers > 0: .returned
        case (_, _) where manner == .useless: .doubtful
        case (_, _): .failed
        }
    }
}

extension WorkerEnd.Message {
    /// - Parameters:
    ///   - size: of the line with the message that it worked on, and of what was written ahead; 0 where it had none.
    ///   - unread: what of its stdin it has not read, where that is known.
    init(size: Int, unread: Int?) {
        self = size == 0 ? .none : unread.map { $0 >= size } ?? false ? .unread : .read
    }
}
