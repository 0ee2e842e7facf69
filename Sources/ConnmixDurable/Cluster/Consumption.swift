/// Which topics a connection pops, as it is wanted and as far as the engine has answered; and in which form it asks. Pure.
struct Consumption {
    /// What to write, or what to say.
    enum Step: Equatable {
        case pop([String], RequestForm)
        case unpop(RequestForm)
        case nowConsuming(RequestForm)
        case refused(reason: String)
        /// The engine says what cannot be.
        case violation(String)
    }

    private enum State {
        /// - Parameter mayBeApplied: what an earlier `queue.pop` named that may stand all the same: `queue.unpop` was refused.
        case off(mayBeApplied: [String]?)
        case popping([String], mayBeApplied: [String]?)
        case on([String])
        case unpopping([String])
        /// Tried again at that time.
        case refused(until: ContinuousClock.Instant, mayBeApplied: [String]?)
    }

    private enum Form {
        /// `queue.pop` was answered in it, on this connection or an earlier one.
        case proven(RequestForm)
        case guessed(RequestForm)
    }

    private var state = State.off(mayBeApplied: nil)
    /// None: nothing is popped.
    private var wanted: [String]
    private var known: Form
    private var backoff = Backoff(base: .milliseconds(500), cap: .seconds(30))

    /// - Parameters:
    ///   - form: what worked for this node before; `nil` where it is not known yet.
    ///   - wanted: what to pop at once.
    init(form: RequestForm?, wanted: [String]) {
        known = form.map { .proven($0) } ?? .guessed(.docs)
        self.wanted = wanted
    }

    var form: RequestForm {
        switch known {
        case .proven(let form), .guessed(let form): form
        }
    }

    /// Whether nothing is popped, as far as is known, and nothing is asked.
    var isOff: Bool {
        switch state {
        case .off: true
        case .popping, .on, .unpopping, .refused: false
        }
    }

    /// When a refused `queue.pop` is sent again.
    var retryAt: ContinuousClock.Instant? {
        switch state {
        case .refused(let until, _): until
        case .off, .popping, .on, .unpopping: nil
        }
    }

    /// Pops, or stops popping, once what is under way is answered. `queue.unpop` is for all topics: where others are wanted than are
    /// popped, it comes first.
    mutating func want(_ wanted: [String]) -> Step? {
        self.wanted = wanted
        return next()
    }

    mutating func tick(now: ContinuousClock.Instant) -> Step? {
        guard case .refused(let until, let mayBeApplied) = state, until <= now else { return nil }
        state = .off(mayBeApplied: mayBeApplied)
        return next()
    }

    /// What brings consumption to where it is wanted.
    mutating func next() -> Step? {
        switch state {
        case .off(let mayBeApplied) where !wanted.isEmpty:
            state = .popping(wanted, mayBeApplied: mayBeApplied)
            return .pop(wanted, form)
        case .on(let popped) where popped != wanted:
            state = .unpopping(popped)
            return .unpop(form)
        case .refused(_, let mayBeApplied) where wanted.isEmpty:
            state = .off(mayBeApplied: mayBeApplied)
            return nil
        case .off, .on, .popping, .unpopping, .refused:
            return nil
        }
    }

    mutating func popReplied(
        _ outcome: Reply.Outcome, now: ContinuousClock.Instant, using generator: inout some RandomNumberGenerator
    ) -> Step? {
        guard case .popping(let topics, let mayBeApplied) = state else {
            assertionFailure("queue.pop is answered in the state \(state)")
            return nil
        }
        switch (outcome, known) {
        case (.success(let result), _) where result.success != false:
            return popSucceeded(topics)
        case (.failure(.consumedAlready, _), _):
            guard let mayBeApplied else { return .violation("the engine says 202, consumed already, on a fresh connection") }
            guard mayBeApplied == topics else {
                return .violation("the engine refused queue.unpop, and other topics are wanted now than it may still pop")
            }
            return popSucceeded(topics)
        case (.failure(.invalidParameters, _), .guessed(.docs)):
            // Sent in the documented form; the engine of May 2022 knows the older one only.
            known = .guessed(.php105)
            state = .off(mayBeApplied: mayBeApplied)
            return next()
        case (.success, _), (.failure, _):
            if case .guessed = known { known = .guessed(.docs) }
            let until = now + backoff.next(using: &generator)
            state = !wanted.isEmpty ? .refused(until: until, mayBeApplied: mayBeApplied) : .off(mayBeApplied: mayBeApplied)
            return .refused(reason: Self.describe(outcome))
        }
    }

    mutating func unpopReplied(_ outcome: Reply.Outcome) -> Step? {
        guard case .unpopping(let popped) = state else {
            assertionFailure("queue.unpop is answered in the state \(state)")
            return nil
        }
        // Refused, it says that nothing was consumed or that nothing has changed, and not which.
        switch outcome {
        case .success: state = .off(mayBeApplied: nil)
        case .failure: state = .off(mayBeApplied: popped)
        }
        return next()
    }

    private mutating func popSucceeded(_ topics: [String]) -> Step? {
        state = .on(topics)
        known = .proven(form)
        backoff.reset()
        return wanted == topics ? .nowConsuming(form) : next()
    }

    /// What an engine says goes into events and rows: no more than a few hundred bytes of it.
    private static func describe(_ outcome: Reply.Outcome) -> String {
        switch outcome {
        case .success(let result): result.json.bounded(toBytes: 300)
        case .failure(let code, let message): "\(code) \(message.bounded(toBytes: 300))"
        }
    }
}
