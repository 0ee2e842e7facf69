import ConnmixDurable
import NIOCore
import Synchronization

/// A message on its way through a worker; its handler waits for the answer.
final class WorkerJob: Sendable {
    private enum State {
        case waiting(CheckedContinuation<WorkerAnswer.Verdict, any Error>)
        /// A worker has its line. It may not wait again where it was to leave the queue meanwhile.
        case taken(CheckedContinuation<WorkerAnswer.Verdict, any Error>, mayWait: Bool)
        case finished
    }

    /// How often it may go back without an attempt though a worker may have begun it.
    static let mostReturns = 3

    let id: Int64
    let line: ByteBuffer
    private let context: HandlerContext
    private let state: Mutex<State>
    private let returns = Mutex(0)
    private let hasFallen = Mutex(false)

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
            state = .taken(waiter, mayWait: true)
            return true
        }
    }

    /// It did not get it after all.
    ///
    /// - Returns: false where the handler waits no more; it is cancelled where it was to leave the queue.
    func putBack() -> Bool {
        let (isWaiting, left) = state.withLock { state -> (Bool, CheckedContinuation<WorkerAnswer.Verdict, any Error>?) in
            guard case .taken(let waiter, let mayWait) = state else { return (false, nil) }
            state = mayWait ? .waiting(waiter) : .finished
            return (mayWait, mayWait ? nil : waiter)
        }
        left?.resume(throwing: CancellationError())
        return isWaiting
    }

    /// A worker that may have begun it ended without a word of it.
    ///
    /// - Returns: whether it may go to another one without an attempt.
    func mayReturn() -> Bool {
        returns.withLock { returns in
            returns += 1
            return returns <= Self.mostReturns
        }
    }

    /// A worker that had answered nothing ended with it.
    ///
    /// - Returns: whether it is the first one.
    func isFirstFall() -> Bool {
        hasFallen.withLock { hasFallen in
            defer { hasFallen = true }
            return !hasFallen
        }
    }

    /// The worker has nothing before it any more: the attempt begins now.
    func begin() {
        context.begin()
    }

    /// Gives the handler its answer. Only the first call counts.
    func finish(_ result: Result<WorkerAnswer.Verdict, any Error>) {
        let waiter = state.withLock { state -> CheckedContinuation<WorkerAnswer.Verdict, any Error>? in
            defer { state = .finished }
            switch state {
            case .waiting(let waiter), .taken(let waiter, _): return waiter
            case .finished: return nil
            }
        }
        waiter?.resume(with: result)
    }

    /// Cancels it, unless a worker has its line; then as soon as it would have to wait for another one.
    func leaveQueue() {
        let waiter = state.withLock { state -> CheckedContinuation<WorkerAnswer.Verdict, any Error>? in
            switch state {
            case .waiting(let waiter):
                state = .finished
                return waiter
            case .taken(let waiter, _):
                state = .taken(waiter, mayWait: false)
                return nil
            case .finished:
                return nil
            }
        }
        waiter?.resume(throwing: CancellationError())
    }
}
