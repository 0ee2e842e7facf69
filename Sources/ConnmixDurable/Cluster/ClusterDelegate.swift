/// What the cluster calls: which nodes there are, and on which ways they take commands.
///
/// Called on an event loop; must not block.
protocol ClusterDelegate: AnyObject, Sendable {
    /// A node takes commands.
    func connected(_ connection: NodeConnection)
    /// A node is gone or unreachable; its outcomes were delivered before.
    func disconnected(_ connection: NodeConnection, reason: String, clean: Bool)
    /// No WebSocket is open anywhere, and this node takes mesh commands by HTTP.
    func routeOpened(_ route: HTTPRoute)
    /// It takes no more; what is under way on it gets its outcome all the same.
    func routeClosed(_ route: HTTPRoute)
    /// Every node of the center's first list was announced.
    func directoryKnown()
    /// The id will not come back to this address: its end users, contexts and channels are gone.
    ///
    /// - Parameter livesOn: the node is told of otherwise, by its new id or at its new address.
    func nodeGone(_ identity: NodeIdentity, livesOn: Bool)
    func happened(_ event: ConsumerEvent)
}
