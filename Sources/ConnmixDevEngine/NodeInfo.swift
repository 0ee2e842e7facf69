/// A running node: its id and its addresses, each `host:port`.
public struct NodeInfo: Sendable, Hashable {
    /// The id that the center lists it under; a restart changes it.
    public var id: String
    /// WebSocket `/ws/v1` and HTTP `/v1/mesh/*`.
    public var api: String
    /// End users' WebSocket.
    public var chat: String
}
