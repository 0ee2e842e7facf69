import DequeModule
import Synchronization

/// Where handlers leave messages and workers take them.
final class JobQueue: Sendable {
    private struct State {
        var jobs = Deque<WorkerJob>()
        var takers = Deque<(number: Int, continuation: CheckedContinuation<WorkerJob?, Never>)>()
        var lastTaker = 0
    }

    private let state = Mutex(State())

    func add(_ job: WorkerJob) {
        let taker = state.withLock { state in
            let taker = state.takers.popFirst()
            if taker == nil { state.jobs.append(job) }
            return taker
        }
        taker?.continuation.resume(returning: job)
    }

    /// Puts a job back that a worker took and did not begin.
    func putBack(_ job: WorkerJob) {
        let taker = state.withLock { state in
            let taker = state.takers.popFirst()
            if taker == nil { state.jobs.prepend(job) }
            return taker
        }
        taker?.continuation.resume(returning: job)
    }

    /// The next job; `nil` where the calling task is cancelled.
    func next() async -> WorkerJob? {
        let number = state.withLock { state in
            state.lastTaker += 1
            return state.lastTaker
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let job = state.withLock { state -> WorkerJob?? in
                    if Task.isCancelled { return .some(nil) }
                    while let job = state.jobs.popFirst() {
                        if !job.isFinished { return job }
                    }
                    state.takers.append((number, continuation))
                    return nil
                }
                if let job { continuation.resume(returning: job) }
            }
        } onCancel: {
            let taker = state.withLock { state in
                state.takers.firstIndex { $0.number == number }.map { state.takers.remove(at: $0) }
            }
            taker?.continuation.resume(returning: nil)
        }
    }
}
