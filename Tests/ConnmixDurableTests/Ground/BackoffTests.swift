import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("growing pauses")
struct BackoffTests {
    /// A generator of one value: 1 is the shortest jitter (0 would be drawn again and again), and the greatest value the longest.
    private struct Constant: RandomNumberGenerator {
        let value: UInt64
        mutating func next() -> UInt64 { value }
    }

    @Test("the first pause is the base, whatever chance says")
    func first() {
        for value in [1, UInt64.max] {
            var generator = Constant(value: value)
            var backoff = Backoff(base: .milliseconds(100), cap: .seconds(30))
            #expect(backoff.next(using: &generator) == .milliseconds(100))
        }
    }

    @Test("each later one is anything between half of the base and twice the limit before, at most the cap")
    func limits() {
        let limits = [200, 400, 800, 1_000, 1_000].map { Duration.milliseconds($0) }
        var longest = Backoff(base: .milliseconds(100), cap: .seconds(1))
        var shortest = longest
        var (high, low) = (Constant(value: .max), Constant(value: 1))
        _ = longest.next(using: &high)
        _ = shortest.next(using: &low)
        for limit in limits {
            #expect(longest.next(using: &high) == limit)
            #expect(shortest.next(using: &low) == .milliseconds(50))
        }
        var random = SeededGenerator(seed: 3)
        let pauses = (0..<1_000).map { _ in
            Backoff.pause(after: 3, base: .milliseconds(100), cap: .seconds(30), using: &random)
        }
        #expect(pauses.allSatisfy { $0 >= .milliseconds(50) && $0 <= .milliseconds(800) })
        #expect(pauses.contains { $0 < .milliseconds(200) } && pauses.contains { $0 > .milliseconds(600) }, "full jitter")
    }

    @Test("after a reset it begins again")
    func reset() {
        var generator = Constant(value: .max)
        var backoff = Backoff(base: .milliseconds(100))
        _ = backoff.next(using: &generator)
        #expect(backoff.next(using: &generator) == .milliseconds(200))
        #expect(backoff.failures == 2)
        backoff.reset()
        #expect(backoff.failures == 0)
        #expect(backoff.next(using: &generator) == .milliseconds(100))
    }

    @Test("no number of failures and no base overflows; a cap below the base is kept")
    func extremes() {
        var generator = Constant(value: .max)
        let day = Duration.seconds(86_400)
        #expect(Backoff.pause(after: .max, base: .seconds(Int64.max / 2), cap: .seconds(Int64.max / 2), using: &generator) == day)
        #expect(Backoff.pause(after: 1_000, base: .milliseconds(100), cap: .seconds(30), using: &generator) == .seconds(30))
        #expect(Backoff.pause(after: 0, base: .seconds(9), cap: .seconds(2), using: &generator) == .seconds(2))
        #expect(Backoff.pause(after: 5, base: .seconds(9), cap: .seconds(2), using: &generator) == .seconds(2))
        #expect(Backoff.pause(after: 5, base: .zero, cap: .zero, using: &generator) == .zero)
    }
}
