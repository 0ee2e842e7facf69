internal import NIOCore

/// Whether the parts that everything goes through still answer.
extension ConsumerCore {
    /// Returns once the event loop and the writer have answered, which they never do where one of them hangs. A disk that refuses is
    /// an answer; one that does not come back is none, and is awaited until the task is cancelled.
    ///
    /// - Returns: false where one of them has ended, or the task was cancelled first.
    func signOfLife() async -> Bool {
        // A scheduled task is told of the loop's end; one that is only executed would be dropped.
        guard (try? await loop.scheduleTask(in: .zero, {}).futureResult.get()) != nil else { return false }
        state.withLock { _ in }
        let answer = FirstAnswer()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard answer.isAwaited(by: continuation) else { return }
                if !writer.submit(Question { answer.come(true) }) { answer.come(false) }
            }
        } onCancel: {
            answer.come(false)
        }
    }
}

/// Whichever answer comes first; later ones are nobody's.
private final class FirstAnswer: Sendable {
    private enum State {
        case unasked
        case awaited(CheckedContinuation<Bool, Never>)
        case come(Bool)
    }

    private let state = Locked(State.unasked)

    /// - Returns: whether it has not come already.
    func isAwaited(by continuation: CheckedContinuation<Bool, Never>) -> Bool {
        let early = state.withLock { state -> Bool? in
            switch state {
            case .unasked, .awaited:
                state = .awaited(continuation)
                return nil
            case .come(let answer): return answer
            }
        }
        guard let early else { return true }
        continuation.resume(returning: early)
        return false
    }

    func come(_ answer: Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            defer { state = .come(answer) }
            switch state {
            case .awaited(let waiter): return waiter
            case .unasked, .come: return nil
            }
        }
        waiter?.resume(returning: answer)
    }
}

/// Changes nothing, and says when the writer came to it.
private final class Question: WriteOperation {
    private let answer: @Sendable () -> Void

    init(_ answer: @escaping @Sendable () -> Void) {
        self.answer = answer
    }

    func prepare() {}
    func apply(_ transaction: Transaction) {}
    func finish(_ result: Result<Void, any Error>) { answer() }
}
