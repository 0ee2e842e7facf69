/// An engine node as the center lists it.
public struct NodeIdentity: Sendable, Hashable, CustomStringConvertible {
    /// New after each start of the node.
    public let id: String
    /// Where its API is reached, after ``ConsumerConfiguration/rewriteAddress``.
    public let address: NodeAddress

    /// A node by its parts. Nothing is checked, and nobody is asked.
    public init(id: String, address: NodeAddress) {
        self.id = id
        self.address = address
    }

    /// `id at host:port`, for people.
    public var description: String { "\(id) at \(address)" }
}
