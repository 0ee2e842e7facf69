/// How a consumer stands with a node, as its status shows it.
public enum NodeState: String, Sendable, CaseIterable, CustomStringConvertible {
    /// Listed by the center, and never connected.
    case connecting
    /// A WebSocket is open, and nothing is popped.
    case connected
    /// Its queues are popped.
    case consuming
    /// The connection ended; another one is on its way.
    case disconnected
    /// The last attempt to connect failed.
    case unreachable
    /// It takes mesh commands by HTTP only; nothing is popped.
    case http

    /// The case's name, as the status shows it. It does not change.
    public var description: String { rawValue }
}
