/// The nodes that are known: one an address, one an id.
struct NodeTable {
    struct Node {
        var identity: NodeIdentity
        /// Ids that this address had before: a center may go on listing them for a while.
        var formerIDs: Set<String> = []
        var phase: Phase
        var backoff: Backoff
        /// What worked before, so that a reconnect does not try the wrong dialect again.
        var form: RequestForm?

        var isConnected: Bool {
            switch phase {
            case .connected: true
            case .waiting, .connecting, .leaving: false
            }
        }

        var isConnecting: Bool {
            switch phase {
            case .connecting: true
            case .waiting, .connected, .leaving: false
            }
        }
    }

    enum Phase {
        /// - Parameter failed: the last attempt came to nothing.
        case waiting(until: ContinuousClock.Instant, failed: Bool)
        case connecting
        case connected(since: ContinuousClock.Instant)
        /// Told to go; forgotten when its connection closes.
        case leaving
    }

    private var nodes: [NodeAddress: Node] = [:]
    /// Where each known id is.
    private var places: [String: NodeAddress] = [:]

    var isEmpty: Bool { nodes.isEmpty }
    var all: some Collection<Node> { nodes.values }

    /// The node at an address, whatever its id.
    subscript(address: NodeAddress) -> Node? {
        nodes[address]
    }

    /// The node itself, not one that has its address or its id only.
    subscript(identity: NodeIdentity) -> Node? {
        nodes[identity.address].flatMap { $0.identity == identity ? $0 : nil }
    }

    func place(of id: String) -> NodeAddress? { places[id] }

    mutating func keep(_ node: Node) {
        assert(nodes[node.identity.address] == nil, "the node at \(node.identity.address) was not forgotten")
        assert(places[node.identity.id] == nil, "the node \(node.identity.id) is elsewhere")
        nodes[node.identity.address] = node
        places[node.identity.id] = node.identity.address
    }

    mutating func change(_ identity: NodeIdentity, _ body: (inout Node) -> Void) {
        guard var node = self[identity] else {
            return assertionFailure("\(identity.id) is to be changed, and is not known")
        }
        body(&node)
        assert(node.identity == identity, "\(identity.id) is another node now")
        nodes[identity.address] = node
    }

    mutating func forget(_ identity: NodeIdentity) {
        guard self[identity] != nil else { return assertionFailure("\(identity.id) is to be forgotten, and is not known") }
        nodes[identity.address] = nil
        places[identity.id] = nil
    }
}
