internal import Synchronization

/// Whether a closure of the user runs on the writer's thread, where all commits wait for it. Who asks reads it from another thread.
final class UsersCode: Sendable {
    enum Closure: Sendable, Equatable {
        /// Of ``Lanes``.
        case lanes
        /// Of ``Dedupe``.
        case dedupe
        /// What a handler writes to its own tables, or the acknowledgement of a message.
        case writes(entry: Int64)
    }

    private let current = Atomic<Int64>(0)

    /// The closure that runs now.
    var running: Closure? {
        switch current.load(ordering: .relaxed) {
        case 0: nil
        case -1: .lanes
        case -2: .dedupe
        case let entry: .writes(entry: entry)
        }
    }

    /// Runs one.
    func run<T>(_ closure: Closure, _ body: () throws -> T) rethrows -> T {
        let word: Int64 =
            switch closure {
            case .lanes: -1
            case .dedupe: -2
            case .writes(let entry): entry
            }
        current.store(word, ordering: .relaxed)
        defer { current.store(0, ordering: .relaxed) }
        return try body()
    }
}
