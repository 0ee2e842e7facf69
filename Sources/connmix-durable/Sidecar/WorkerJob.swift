import ConnmixDurable
import NIOCore
import Synchronization

/// A message on its way through a worker; its handler waits for the answer.
final class WorkerJob: Sendable {
    private enum State {
        case waiting(CheckedContinuation<WorkerAnswer.Verdict, any Error>)
        /// A worker has its line.
        case taken(CheckedContinuation<WorkerAnswer.Verdict, any Error>)
        case finished
    }

    let id: Int64
    let line: ByteBuffer
    private let context: HandlerContext
    private let state: Mutex<State>

    init(
        id: Int64, line: ByteBuffer, context: HandlerContext,
        waiter: CheckedContinuation<WorkerAnswer.Verdict, any Error>
    ) {
        self.id = id
        self.line = line
        self.context = context
        state = Mutex(.waiting(waiter))
    }

    /// A worker gets its line.
    ///
    /// - Returns: false where the handler waits no more.
    func take() -> Bool {
        state.withLock { state in
            guard case .waiting(let waiter) = state else { return false }
            state = .taken(waiter)
            return true
        }
    }

    /// It did not get it after all.
    func putBack() {
        state.withLock { state in
            if case .taken(let waiter) = state { state = .waiting(waiter) }
        }
    }

    /// The worker has nothing before it any more: the attempt begins now.
    func begin() {
        context.begin()
    }

    /// Gives the handler its answer. Only the first call counts.
    func finish(_ result: Result<WorkerAnswer.Verdict, any Error>) {
        end { _ in true }?.resume(with: result)
    }

    /// Cancels it, unless a worker has its line.
    func leaveQueue() {
        let waiter = end { state in
            if case .waiting = state { true } else { false }
        }
        waiter?.resume(throwing: CancellationError())
    }

    private func end(if mayEnd: (State) -> Bool) -> CheckedContinuation<WorkerAnswer.Verdict, any Error>? {
        state.withLock { state in
            guard mayEnd(state) else { return nil }
            defer { state = .finished }
            switch state {
            case .waiting(let waiter), .taken(let waiter): return waiter
            case .finished: return nil
            }
        }
    }
}
