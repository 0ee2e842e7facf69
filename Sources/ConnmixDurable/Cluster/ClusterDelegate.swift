internal import NIOCore

/// A popped message, or the whole frame of one that cannot be understood.
struct ReceivedMessage: Sendable {
    /// The node's id as the center told it: where the client is connected.
    var node: String
    var topic: String
    var client: ClientID
    var data: ByteBuffer
    /// Microseconds since 1970.
    var receivedAt: Int64
    /// Why it cannot be understood; `topic` and `client` are empty and `data` is the frame then.
    var unreadable: String?
    /// The lane's name where it is not the client; empty where there is none. Set before it is journaled.
    var lane: String?
    var dedupeKey: String?
    /// The number of the connection that brought it.
    var connection: Int64 = 0
}

/// How a command fared on a connection.
struct CommandOutcome: Sendable {
    var command: Int64
    var result: Result

    enum Result: Sendable {
        case replied(Reply.Outcome)
        /// Written, and no answer in time. The connection stands, and an answer may yet come.
        case overdue(reason: String)
        /// Written, and no answer before the connection ended: nobody knows whether it was applied.
        case lost(Disconnection)
        /// Never written: surely not applied.
        case notWritten
    }
}

/// The cluster's view of whoever uses it. Called on an event loop; must not block.
protocol ClusterDelegate: AnyObject, Sendable {
    /// All that one read brought, in order.
    func received(_ messages: [ReceivedMessage], from connection: NodeConnection)
    /// A node takes commands.
    func connected(_ connection: NodeConnection)
    /// A node is gone or unreachable; its outcomes were delivered before.
    func disconnected(_ connection: NodeConnection, reason: String, clean: Bool)
    func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute)
    /// The connection takes no more for now, or takes more again.
    func writable(_ isWritable: Bool, _ connection: NodeConnection)
    /// No WebSocket is open anywhere, and this node takes mesh commands by HTTP.
    func routeOpened(_ route: HTTPRoute)
    /// It takes no more; what is under way on it gets its outcome all the same.
    func routeClosed(_ route: HTTPRoute)
    /// Whether connections are to pop.
    func shouldConsume() -> Bool
    /// Whether connections are to be read.
    func shouldRead() -> Bool
    /// Every node of the center's first list was announced.
    func directoryKnown()
    /// The id will not come back: its end users, contexts and channels are gone.
    func nodeGone(_ identity: NodeIdentity)
    func happened(_ event: ConsumerEvent)
}
