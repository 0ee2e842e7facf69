import NIOCore

/// The memory of all nodes, and where each end user is.
struct MeshMemory {
    var settings: DevEngine.Settings
    /// Also removed and stopped ones: a place never changes its node.
    var nodes: [NodeMemory] = []
    /// Client to the place of its node.
    private(set) var home: [UInt64: Int] = [:]
    private var lastClient: UInt64

    private(set) var received = 0
    var applied = [Int](repeating: 0, count: Method.allCases.count)
    var centerRequests = 0
    private(set) var delivered = 0

    /// `milliseconds` since 1970: client ids are snowflakes, and so unique across restarts of the process.
    init(settings: DevEngine.Settings, milliseconds: UInt64) {
        self.settings = settings
        let epoch: UInt64 = 1_288_834_974_657
        let since = milliseconds > epoch ? milliseconds - epoch : 0
        self.lastClient = min(max(since, 300_000_000_000), 1 << 40) << 22
    }

    mutating func connect(to place: Int) -> UInt64 {
        self.lastClient += 1
        self.home[self.lastClient] = place
        self.nodes[place].clients[self.lastClient] = ClientMemory()
        return self.lastClient
    }

    mutating func disconnect(_ client: UInt64) {
        guard let place = self.home.removeValue(forKey: client) else { return }
        self.nodes[place].removeClient(client)
    }

    /// The node restarts or stops: all it knew is gone. Returns the end users that it had.
    mutating func forget(_ place: Int, newID: String) -> [UInt64] {
        let old = self.nodes[place]
        for client in old.clients.keys { self.home[client] = nil }
        var new = NodeMemory(id: newID, number: old.number)
        new.isListed = old.isListed
        new.isRunning = old.isRunning
        new.isCut = old.isCut
        new.accepted = old.accepted
        self.nodes[place] = new
        return Array(old.clients.keys)
    }

    /// Counts a command. True when commands are recorded.
    mutating func receive() -> Bool {
        self.received += 1
        return self.settings.recording
    }

    mutating func countDelivery(to client: UInt64, at place: Int) {
        self.delivered += 1
        self.nodes[place].countDelivery(to: client)
    }

    func place(of node: String) -> Int? { self.nodes.firstIndex { $0.id == node } }

    /// The place of the client's node, when the mesh can reach it.
    func reachable(_ client: UInt64) -> Int? {
        guard let place = self.home[client], self.nodes[place].isReachable else { return nil }
        return place
    }
}
