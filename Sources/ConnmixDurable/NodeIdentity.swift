/// An engine node as the center lists it.
public struct NodeIdentity: Sendable, Hashable, CustomStringConvertible {
    /// New after each start of the node.
    public let id: String
    public let address: NodeAddress

    public init(id: String, address: NodeAddress) {
        self.id = id
        self.address = address
    }

    public var description: String { "\(id) at \(address)" }
}
