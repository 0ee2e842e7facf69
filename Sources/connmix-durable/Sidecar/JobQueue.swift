import DequeModule
import Synchronization

/// Where handlers leave messages and workers take them.
final class JobQueue: Sendable {
    private struct State {
        var jobs = Deque<WorkerJob>()
        var idle: [WorkerConversation] = []
        /// Workers that take a line ahead.
        var eager: [WorkerConversation] = []

        mutating func remove(_ worker: WorkerConversation) {
            idle.removeAll { $0 === worker }
            eager.removeAll { $0 === worker }
        }
    }

    private let state = Mutex(State())
    private let inHand = Atomic<Int>(0)

    /// Whether there are more messages than one, waiting or with workers.
    var hasSeveral: Bool { inHand.load(ordering: .relaxed) > 1 }

    /// Runs `body`, which adds one message and waits for what becomes of it.
    func counting<T>(_ body: () async throws -> T) async rethrows -> T {
        inHand.add(1, ordering: .relaxed)
        defer { inHand.subtract(1, ordering: .relaxed) }
        return try await body()
    }

    /// Hands the message to a worker, or keeps it until one asks.
    func add(_ job: WorkerJob) {
        offer(job) { $0.append(job) }
    }

    /// Takes a message back that a worker did not begin; it is the next one.
    func putBack(_ job: WorkerJob) {
        guard job.putBack() else { return }
        offer(job) { $0.prepend(job) }
    }

    /// Takes a message back that may be what ended its worker; it is the last one, so that another one can show whether it is.
    func putLast(_ job: WorkerJob) {
        guard job.putBack() else { return }
        offer(job) { $0.append(job) }
    }

    /// The next message; where there is none the worker counts as one that waits for it.
    ///
    /// - Parameter isIdle: whether it has nothing to do; such a worker is served first.
    func next(for worker: WorkerConversation, isIdle: Bool) -> WorkerJob? {
        state.withLock { state in
            state.remove(worker)
            while let job = state.jobs.popFirst() {
                if job.take() { return job }
            }
            if isIdle { state.idle.append(worker) } else { state.eager.append(worker) }
            return nil
        }
    }

    /// The worker takes no more messages.
    func leave(_ worker: WorkerConversation) {
        state.withLock { $0.remove(worker) }
    }

    private func offer(_ job: WorkerJob, orKeep keep: (inout Deque<WorkerJob>) -> Void) {
        while true {
            let worker = state.withLock { state in
                let worker = state.idle.popLast() ?? state.eager.popLast()
                if worker == nil { keep(&state.jobs) }
                return worker
            }
            guard let worker else { return }
            guard job.take() else { return worker.takeNext() }
            if worker.take(job) { return worker.takeNext() }
            guard job.putBack() else { return }
        }
    }
}
