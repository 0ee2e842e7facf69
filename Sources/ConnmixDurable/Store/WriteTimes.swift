/// How a transaction beside a consumer went.
package struct WriteTimes: Sendable, Equatable {
    /// How long it waited for others.
    package var waited: Duration
    /// How long others would have waited for it.
    package var held: Duration

    package init(waited: Duration = .zero, held: Duration = .zero) {
        self.waited = waited
        self.held = held
    }
}

/// Measures transactions; the last one's times can be asked for.
final class WriteClock: Sendable {
    private let times = Locked(WriteTimes())

    var last: WriteTimes { times.withLock { $0 } }

    /// - Parameter body: calls `began` when it need wait no more.
    func measure<T>(_ body: (_ began: () -> Void) throws -> T) rethrows -> T {
        let start = ContinuousClock.now
        var begun = start
        defer { times.withLock { [begun] in $0 = WriteTimes(waited: begun - start, held: .now - begun) } }
        return try body { begun = .now }
    }
}
