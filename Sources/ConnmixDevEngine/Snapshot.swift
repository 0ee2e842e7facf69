/// The state of the whole mesh at one moment.
public struct Snapshot: Sendable {
    let memory: MeshMemory

    /// All nodes ever added, in that order: removed and stopped ones too.
    public var nodes: [Node] { self.memory.nodes.map { Node(memory: $0) } }

    /// The node with that id; nil where none has it (any more: a restart changes it).
    public func node(_ id: String) -> Node? {
        self.memory.place(of: id).map { Node(memory: self.memory.nodes[$0]) }
    }

    /// The end user with that id, wherever it is in the mesh.
    public func client(_ id: String) -> Client? {
        guard let number = UInt64(id), let place = self.memory.home[number],
            let client = self.memory.nodes[place].clients[number]
        else { return nil }
        return Client(id: id, node: self.memory.nodes[place].id, memory: client)
    }

    /// Commands that came in since the start, recorded or not.
    public var received: Int { self.memory.received }

    /// Commands that had their effect since the start, recorded or not.
    public var applied: Int { self.memory.applied.reduce(0, +) }

    /// Commands of that method that had their effect since the start.
    public func appliedCount(_ method: String) -> Int {
        Method.allCases.first { $0.name == method }.map { self.memory.applied[$0.rawValue] } ?? 0
    }

    /// HTTP requests to the center since the start.
    public var centerRequests: Int { self.memory.centerRequests }

    /// Frames handed to end users since the start.
    public var delivered: Int { self.memory.delivered }
}
