/// The kind of reason why a node that the center listed was not consumed.
public enum GapCause: Int64, Sendable, CaseIterable {
    /// There was no connection yet: the node, or the consumer, had just appeared.
    case notConnected = 1
    /// The same, after the node restarted; or it left the center's list while it was not consumed. What its queues held is gone.
    case restarted = 2
    /// The connection ended, and there is no other one yet.
    case connectionEnded = 3
    /// The engine did not take `queue.pop`.
    case refused = 4
    /// The consumer took nothing: a full disk, too much under way.
    case paused = 5
    /// No consumer was running.
    case noConsumer = 6
}
