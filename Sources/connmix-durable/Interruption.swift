import Dispatch
import Glibc
import Synchronization
import UnixSignals

/// Notices Ctrl-C, SIGTERM and a terminal that is gone, for work that stops at the next good place.
enum Interruption {
    private struct State {
        var isWatched = false
        /// When each came first.
        var heard: [UnixSignal: ContinuousClock.Instant] = [:]
        /// Somebody else's for now.
        var left: UnixSignal?
    }

    private static let state = Mutex(State())
    private static let listener = Listener()
    private static let flag = Atomic<Bool>(false)
    private static let watched = Atomic<Bool>(false)

    /// Whether signals only raise the flag.
    static var isWatched: Bool { watched.load(ordering: .relaxed) }

    /// From now on the first signal only raises the flag; a second one of its kind, that is
    /// no echo of it (`StopSignals.echo`), ends the process as it would have.
    static func watch() {
        let isFirst = state.withLock { state in
            defer { state.isWatched = true }
            return !state.isWatched
        }
        guard isFirst else { return }
        let isHeard = DispatchSemaphore(value: 0)
        // For the rest of the process: a signal that nobody heard any more would be lost. And with a thread of its own: work that
        // looks at the flag may hold every other one.
        Task.detached(executorPreference: listener) {
            let signals = await UnixSignalsSequence(trapping: StopSignals.all)
            isHeard.signal()
            for await signal in signals { heard(signal) }
        }
        isHeard.wait()
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
    /// - Parameter left: a signal that is not ours meanwhile.
    /// - Throws: `CancellationError` where a signal has come; what `body` throws.
    static func unlessCome<T: Sendable>(
        leaving left: UnixSignal? = nil, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        watch()
        state.withLock { $0.left = left }
        defer { state.withLock { $0.left = nil } }
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

    private static func heard(_ signal: UnixSignal) {
        let now = ContinuousClock.now
        let isFirst = state.withLock { state -> Bool? in
            guard signal != state.left else { return nil }
            guard let first = state.heard[signal] else {
                state.heard[signal] = now
                return true
            }
            return now - first < StopSignals.echo ? nil : false
        }
        switch isFirst {
        case true?: flag.store(true, ordering: .relaxed)
        case false?: endProcess(by: signal)
        case nil: break
        }
    }

    /// UnixSignals only listens: here the signal does what it does by itself.
    private static func endProcess(by signal: UnixSignal) {
        Glibc.signal(signal.rawValue, SIG_DFL)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, signal.rawValue)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        raise(signal.rawValue)
    }
}

/// Runs what listens to signals.
private final class Listener: TaskExecutor {
    private let queue = DispatchQueue(label: "connmix-durable.interruption")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
