/// Growing pauses with full jitter: the first is `base`, each later one anything up to twice the limit before, at most `cap`.
struct Backoff: Sendable, Equatable {
    var base: Duration
    var cap: Duration
    private(set) var failures = 0

    init(base: Duration = .milliseconds(100), cap: Duration = .seconds(30)) {
        self.base = base
        self.cap = cap
    }

    /// The pause after one more failure.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        defer { failures += 1 }
        return Self.pause(after: failures, base: base, cap: cap, using: &generator)
    }

    mutating func reset() {
        failures = 0
    }

    /// - Parameter failures: how many there were before this one.
    static func pause(
        after failures: Int, base: Duration, cap: Duration, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        let (base, cap) = (min(base, .seconds(86_400)), min(cap, .seconds(86_400)))
        guard failures > 0 else { return min(base, cap) }
        let limit = min(cap, base * (1 << min(failures, 20)))
        let jittered = Int64.random(in: 0...max(0, limit.microseconds), using: &generator)
        return max(min(base, cap) / 2, .microseconds(jittered))
    }
}
