internal import DequeModule
internal import Dispatch

/// A few connections that can only read, for closures of handlers. Each has its own thread while it reads: neither the writer nor the
/// cooperative pool waits for them, and a slow one takes one place of several.
final class ReadingPool: Sendable {
    /// How many read at once; the others wait for their turn.
    private static let places = 4

    private struct Job: Sendable {
        let number: Int
        let run: @Sendable (_ place: Int) -> Void
        /// Instead of `run`.
        let refuse: @Sendable (any Error) -> Void
    }

    private struct State {
        var free = Array(0..<ReadingPool.places)
        var waiting: Deque<Job> = []
        var lastNumber = 0
        var isClosed = false
    }

    private let file: DatabaseFile
    private let state = Locked(State())
    /// Opened when they are first needed. A place is held by one job at a time, so nobody waits for these locks.
    private let connections: [Locked<Connection?>]
    /// One for each place. A serial queue gets a thread beside those of the global queues, which run Swift's tasks too.
    private let threads: [DispatchQueue]

    init(file: DatabaseFile) {
        self.file = file
        connections = (0..<Self.places).map { _ in Locked(nil) }
        threads = (0..<Self.places).map { DispatchQueue(label: "connmix-reading-\($0)") }
    }

    /// Runs `body` in a reading transaction, which sees one state of what is committed.
    ///
    /// - Parameter body: keep it short, so that the log can shrink. It is told whether its task was cancelled.
    /// - Throws: `stopped` once the pool is closed; what keeps the file from being read; what `body` throws; `CancellationError` where the
    ///   task is cancelled while it waits for its turn.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (Connection, _ isCancelled: @escaping @Sendable () -> Bool) throws -> T
    ) async throws -> T {
        let cancelled = Locked(false)
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                submit(
                    Job(
                        number: number,
                        run: { [self] place in
                            continuation.resume(
                                with: Result { try read(place) { try body($0) { cancelled.withLock { $0 } } } })
                        },
                        refuse: { continuation.resume(throwing: $0) }))
            }
        } onCancel: {
            cancelled.withLock { $0 = true }
            withdraw(number)
        }
    }

    /// Opens nothing any more, and closes what is idle; what reads now is closed when it is through.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            return state.free
        }
        for place in idle { connections[place].withLock { $0 = nil } }
    }

    // MARK: -

    private func submit(_ job: Job) {
        let (place, refusal) = state.withLock { state -> (Int?, (any Error)?) in
            guard !state.isClosed else { return (nil, ConnmixError(.stopped, "the consumer is stopped; nothing was read")) }
            // From here on whoever cancels the task finds it waiting.
            guard !Task.isCancelled else { return (nil, CancellationError()) }
            if let place = state.free.popLast() { return (place, nil) }
            state.waiting.append(job)
            return (nil, nil)
        }
        if let place { run(job, at: place) }
        if let refusal { job.refuse(refusal) }
    }

    /// Its task is cancelled: it waits no longer, whoever holds the places.
    private func withdraw(_ number: Int) {
        let job = state.withLock { state in
            state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
        }
        job?.refuse(CancellationError())
    }

    private func run(_ job: Job, at place: Int) {
        threads[place].async { [self] in
            job.run(place)
            let (next, isClosed) = state.withLock { state -> (Job?, Bool) in
                if let next = state.waiting.popFirst() { return (next, false) }
                state.free.append(place)
                return (nil, state.isClosed)
            }
            if let next { return run(next, at: place) }
            if isClosed { connections[place].withLock { $0 = nil } }
        }
    }

    private func read<T: Sendable>(_ place: Int, _ body: (Connection) throws -> T) throws -> T {
        try connections[place].withLock { kept in
            let connection = try kept ?? file.openForReading()
            kept = connection
            do {
                try connection.run("BEGIN")
                let result = try body(connection)
                try connection.run("ROLLBACK")
                return result
            } catch {
                // Whatever state it is in, the next one has a new one.
                kept = nil
                throw error
            }
        }
    }
}
