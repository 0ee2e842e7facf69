/// What connections and routes call: what comes in, what became of what went out, and whether to go on.
///
/// Called on an event loop; must not block.
protocol ConnectionDelegate: AnyObject, Sendable {
    /// All that one read brought, in order.
    func received(_ messages: [ReceivedMessage], from connection: NodeConnection)
    func settled(_ outcomes: [CommandOutcome], by route: any CommandRoute)
    /// The connection takes no more for now, or takes more again.
    func writable(_ isWritable: Bool, _ connection: NodeConnection)
    /// Whether the connection is to be read.
    func shouldRead() -> Bool
    /// Whether the connection is to pop.
    func shouldConsume() -> Bool
    /// Queues that are not to be popped for now, where others are.
    func restingTopics() -> Set<String>
}
