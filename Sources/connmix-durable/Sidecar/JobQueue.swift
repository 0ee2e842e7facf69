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

    /// Hands the message to a worker, or keeps it until one asks.
    func add(_ job: WorkerJob) {
        offer(job) { $0.append(job) }
    }

    /// Takes a message back that a worker did not begin; it is the next one.
    func putBack(_ job: WorkerJob) {
        guard job.putBack() else { return }
        offer(job) { $0.prepend(job) }
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
