import NIOCore
import Synchronization

/// A message on its way through a worker; its handler waits for the answer.
final class WorkerJob: Sendable {
    let id: Int64
    let line: ByteBuffer
    private let waiter: Mutex<CheckedContinuation<WorkerAnswer.Verdict, any Error>?>

    init(id: Int64, line: ByteBuffer, waiter: CheckedContinuation<WorkerAnswer.Verdict, any Error>) {
        self.id = id
        self.line = line
        self.waiter = Mutex(waiter)
    }

    /// Gives the handler its answer. Only the first call counts.
    func finish(_ result: Result<WorkerAnswer.Verdict, any Error>) {
        let waiter = waiter.withLock { waiter in
            defer { waiter = nil }
            return waiter
        }
        waiter?.resume(with: result)
    }

    var isFinished: Bool { waiter.withLock { $0 == nil } }
}
