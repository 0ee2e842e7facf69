extension HandlerTrial {
    /// What the consumer would do with the message after this attempt.
    public enum Outcome: Sendable, Equatable {
        /// The message is done, and these commands go into the outbox with it.
        case done([Command])
        /// It is tried again after the pause. Pauses by policy have jitter; one that a handler asked for is exact.
        case retry(after: Duration, error: String)
        /// It is given up.
        case dead(reason: String)
        /// The task was cancelled, as by the consumer's own stop: the message goes back, and the attempt does not count.
        case released
    }

    /// One attempt and what came of it.
    public struct Report: Sendable {
        /// What becomes of the message.
        public let outcome: Outcome
        /// How the attempt failed, `.timedOut` for one; `nil` where it did not.
        public let failure: AttemptOutcome?
        /// What the handler staged, also where it failed and none of it exists. What a write staged that failed is not here.
        public let staged: [Command]

        /// The commands that go into the outbox: none where the handler failed.
        public var commands: [Command] {
            if case .done(let commands) = outcome { commands } else { [] }
        }

        /// What is kept as the attempt's error, cut as the journal would cut it.
        public var error: String? {
            switch outcome {
            case .done, .released: nil
            case .retry(_, let error), .dead(let error): error
            }
        }

        /// - Parameter staged: what the handler itself staged, without its writes.
        init(_ result: HandlerOutcome.Result, staged: [Command]) {
            if case .done(let commands, _) = result { self.staged = commands } else { self.staged = staged }
            switch result {
            case .done(let commands, _): (outcome, failure) = (.done(commands), nil)
            case .retry(let attempt, let pause):
                (outcome, failure) = (.retry(after: pause, error: attempt.error), attempt.outcome)
            case .dead(let attempt), .parked(let attempt, _):
                (outcome, failure) = (.dead(reason: attempt.error), attempt.outcome)
            case .released: (outcome, failure) = (.released, nil)
            }
        }
    }
}

extension HandlerTrial.Outcome: CustomStringConvertible {
    /// One line, for failed tests. It holds the commands' payloads, so it does not belong into a log.
    public var description: String {
        switch self {
        case .done(let commands) where commands.isEmpty: "done, without commands"
        case .done(let commands): "done, with \(commands.map(\.description).joined(separator: "; "))"
        case .retry(let pause, let error): "retry after \(pause.text): \(error)"
        case .dead(let reason): "dead: \(reason)"
        case .released: "released"
        }
    }
}
