/// Why a node with an open connection is not popped.
public enum NotConsuming: Sendable, Hashable, CustomStringConvertible {
    /// The consumer wants nothing at present; a ``ConsumerEvent/paused(reason:)`` says why where it is more than a moment.
    case paused
    /// The engine did not take `queue.pop`, in these words. It is asked again, with pauses.
    case refused(String)

    /// One line for people; with the engine's words where it refused.
    public var description: String {
        switch self {
        case .paused: "paused"
        case .refused(let words): "queue.pop was refused: \(words)"
        }
    }
}
