import Glibc
import Synchronization

/// Notices Ctrl-C, SIGTERM and a terminal that is gone, for work that stops at the next good place.
enum Interruption {
    private static let flag = Atomic<Bool>(false)
    private static let watched = Atomic<Bool>(false)

    /// Whether signals only raise the flag.
    static var isWatched: Bool { watched.load(ordering: .relaxed) }

    /// From now on the first signal only raises the flag; a second one ends the process as it would have.
    static func watch() {
        guard !flag.load(ordering: .relaxed) else { return }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in
            Interruption.flag.store(true, ordering: .relaxed)
            Glibc.signal(signal, SIG_DFL)
        }
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
        if StopSignals.hangupStops { sigaction(SIGHUP, &action, nil) }
        watched.store(true, ordering: .relaxed)
    }

    static var hasCome: Bool { flag.load(ordering: .relaxed) }

    /// - Throws: `CancellationError` where a signal has come.
    static func check() throws {
        if hasCome { throw CancellationError() }
    }

    /// Waits; a signal ends it early.
    ///
    /// - Throws: `CancellationError` where a signal has come.
    static func pause(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        while true {
            try check()
            let rest = (end - .now) / .microseconds(1)
            guard rest > 0 else { return }
            // A signal that comes just before it is seen after the next piece.
            usleep(UInt32(min(rest, 100_000)))
        }
    }

    /// What `body` gives, unless a signal comes first: it is cancelled then, and waited for.
    ///
    /// - Throws: `CancellationError` where a signal has come; what `body` throws.
    static func unlessCome<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        watch()
        return try await withThrowingTaskGroup(of: T.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    try check()
                    try await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
