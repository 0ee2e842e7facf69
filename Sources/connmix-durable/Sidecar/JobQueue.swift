import DequeModule
import Synchronization

/// Where handlers leave messages and workers take them.
final class JobQueue: Sendable {
    private struct State {
        var jobs = Deque<WorkerJob>()
        var idle: [WorkerConversation] = []
    }

    private let state = Mutex(State())

    /// Hands the message to an idle worker, or keeps it until one asks.
    func add(_ job: WorkerJob) {
        while let worker = idleWorker(or: { $0.append(job) }) {
            if worker.take(job) { return }
        }
    }

    /// Takes a message back that a worker did not begin; it is the next one.
    func putBack(_ job: WorkerJob) {
        while let worker = idleWorker(or: { $0.prepend(job) }) {
            if worker.take(job) { return }
        }
    }

    /// The next message; where there is none the worker counts as idle.
    func next(for worker: WorkerConversation) -> WorkerJob? {
        state.withLock { state in
            while let job = state.jobs.popFirst() {
                if !job.isFinished { return job }
            }
            state.idle.append(worker)
            return nil
        }
    }

    /// The worker takes no more messages.
    func leave(_ worker: WorkerConversation) {
        state.withLock { state in state.idle.removeAll { $0 === worker } }
    }

    private func idleWorker(or keep: (inout Deque<WorkerJob>) -> Void) -> WorkerConversation? {
        state.withLock { state in
            let worker = state.idle.popLast()
            if worker == nil { keep(&state.jobs) }
            return worker
        }
    }
}
