internal import NIOCore

/// Whether the parts that everything goes through still answer.
extension ConsumerCore {
    /// Returns once the event loop and the writer have answered, which they never do where one of them hangs. A disk that refuses is
    /// an answer; one that does not come back is none.
    ///
    /// - Returns: false where one of them has ended.
    func signOfLife() async -> Bool {
        // A scheduled task is told of the loop's end; one that is only executed would be dropped.
        guard (try? await loop.scheduleTask(in: .zero, {}).futureResult.get()) != nil else { return false }
        state.withLock { _ in }
        return await withCheckedContinuation { continuation in
            if !writer.submit(Question { continuation.resume(returning: true) }) { continuation.resume(returning: false) }
        }
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
