internal import Dispatch

/// Looks twice a second for as long as it is asked to, on a thread of its own: a disk that does not answer holds up nothing else, and
/// no handler, commit or clock holds this up.
final class FileWatch: Sendable {
    private let queue = DispatchQueue(label: "connmix-file-watch")
    private let isStopped = Locked(false)
    private let look: @Sendable () -> Bool

    /// - Parameter look: answers whether it is to be called again.
    init(_ look: @escaping @Sendable () -> Bool) {
        self.look = look
    }

    func start() {
        queue.asyncAfter(deadline: .now() + .milliseconds(500)) { [self] in
            guard !isStopped.withLock({ $0 }), look() else { return }
            start()
        }
    }

    func stop() {
        isStopped.withLock { $0 = true }
    }
}
