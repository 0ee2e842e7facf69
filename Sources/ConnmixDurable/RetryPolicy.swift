/// When a message whose handler failed is handled again.
///
/// ```swift
/// var policy = RetryPolicy()
/// policy.maxAttempts = 3
/// policy.base = .seconds(1)
/// ```
public struct RetryPolicy: Sendable {
    /// Attempts after which a message is dead, the first one included. At least 1; 10 by default.
    public var maxAttempts = 10
    /// The first pause. Each later one is drawn from zero to twice the limit before (full jitter), but at least half of `base`.
    /// 1 ms to a day; 100 ms by default.
    public var base: Duration = .milliseconds(100)
    /// No pause is longer. 1 ms to a day; 30 s by default.
    public var cap: Duration = .seconds(30)

    /// The defaults: ten attempts, pauses from 100 ms up to 30 s.
    public init() {}

    /// A policy with some values of its own; the defaults are those of `init()`.
    public init(maxAttempts: Int, base: Duration = .milliseconds(100), cap: Duration = .seconds(30)) {
        self.maxAttempts = maxAttempts
        self.base = base
        self.cap = cap
    }

    enum Verdict: Equatable {
        case retry(after: Duration)
        case bury
    }

    /// - Parameter attempts: how many there were, the failed one included.
    func verdict(
        _ outcome: AttemptOutcome, attempts: Int, askedFor pause: Duration?,
        using generator: inout some RandomNumberGenerator
    ) -> Verdict {
        guard outcome != .permanent, attempts < maxAttempts else { return .bury }
        if let pause { return .retry(after: min(max(.zero, pause), .seconds(365 * 86_400))) }
        return .retry(after: Backoff.pause(after: attempts - 1, base: base, cap: cap, using: &generator))
    }
}
