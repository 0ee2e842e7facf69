import Synchronization

/// Lets a handler that is cancelled leave its job at any time, before it exists too.
final class JobTicket: Sendable {
    private struct State {
        var job: WorkerJob?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// - Returns: whether the job is still wanted.
    func issue(_ job: WorkerJob) -> Bool {
        let isCancelled = state.withLock { state in
            state.job = job
            return state.isCancelled
        }
        if isCancelled { job.finish(.failure(CancellationError())) }
        return !isCancelled
    }

    func cancel() {
        let job = state.withLock { state in
            state.isCancelled = true
            return state.job
        }
        job?.finish(.failure(CancellationError()))
    }
}
