internal import NIOConcurrencyHelpers

/// A value that one thread at a time may touch. For short work only: nothing waits, reads or writes while it is held.
///
/// It has the form of `Synchronization.Mutex` and rests on a pthread mutex, which Thread Sanitizer understands: over `Mutex` (a futex on
/// Linux) it reports hundreds of races that are none, and so hides those that are. `make sanitize` depends on it.
final class Locked<Value>: Sendable {
    private let lock = NIOLock()
    // Touched only between `lock` and `unlock` below.
    nonisolated(unsafe) private var value: Value

    init(_ value: consuming sending Value) {
        self.value = value
    }

    func withLock<Result, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
