import Synchronization

/// Lets a handler leave its job at any time, before it exists too.
final class JobTicket: Sendable {
    private struct State {
        var job: WorkerJob?
        var isCancelled = false
        var isStopping = false
    }

    private let state = Mutex(State())

    /// - Returns: whether the job is still wanted.
    func issue(_ job: WorkerJob) -> Bool {
        let isWanted = state.withLock { state in
            state.job = job
            return !state.isCancelled && !state.isStopping
        }
        if !isWanted { job.finish(.failure(CancellationError())) }
        return isWanted
    }

    /// The handler waits no more.
    func cancel() {
        let job = state.withLock { state in
            state.isCancelled = true
            return state.job
        }
        job?.finish(.failure(CancellationError()))
    }

    /// The consumer stops: what no worker has yet can wait for the next start.
    func stop() {
        let job = state.withLock { state in
            state.isStopping = true
            return state.job
        }
        job?.leaveQueue()
    }
}
