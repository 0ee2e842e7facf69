/// Decides what becomes of a message whose attempt did not succeed.
struct Judge: Sendable {
    var policy: RetryPolicy
    /// Of topics that have one of their own.
    var policies: [String: RetryPolicy] = [:]
    var policyForError: @Sendable (any Error) -> RetryPolicy? = { _ in nil }

    /// What a trouble of the disk makes of an attempt: tried again after a pause, however often it was tried before (P8).
    func waitOut(_ trouble: ConnmixError, attempt number: Int, startedAt: Int64, now: Int64) -> HandlerOutcome.Result {
        .retry(
            FailedAttempt(
                number: number, outcome: .retryAsked, startedAt: startedAt, endedAt: now, error: trouble.message.boundedError),
            after: Self.diskPause)
    }

    private static let diskPause: Duration = .seconds(5)

    func verdict(
        on error: any Error, topic: String, attempt number: Int, startedAt: Int64, now: Int64,
        using generator: inout some RandomNumberGenerator
    ) -> HandlerOutcome.Result {
        var outcome = AttemptOutcome.failed
        var pause: Duration?
        switch error as? HandlerError ?? (error as? DetailedHandlerError)?.base {
        case .permanent:
            outcome = .permanent
        case .retry(let after, _):
            outcome = .retryAsked
            pause = after
        case .timedOut:
            outcome = .timedOut
        case nil:
            break
        }
        let attempt = FailedAttempt(
            number: number, outcome: outcome, startedAt: startedAt, endedAt: now, error: "\(error)".boundedError)
        let chosen = policyForError(error) ?? policies[topic] ?? policy
        return switch chosen.verdict(outcome, attempts: number, askedFor: pause, using: &generator) {
        case .retry(let after): .retry(attempt, after: after)
        case .bury: .dead(attempt)
        }
    }
}
