import NIOCore

/// The sockets of one node.
final class NodeShell {
    struct Child {
        let channel: any Channel
        let valve: Valve
    }

    let place: Int
    var info: NodeInfo
    var apiListener: (any Channel)?
    var chatListener: (any Channel)?
    var apiPort: Int
    var chatPort: Int
    var handshake = DevEngine.Handshake.accept
    var faults = FaultPlan()
    /// Every accepted socket, before and after its upgrade.
    var children: [ObjectIdentifier: Child] = [:]
    var connections: [Int: ApiConnection] = [:]
    var sinks: [UInt64: Sink] = [:]
    /// By place of the queue.
    var feeds: [Int: [FeedRun]] = [:]

    init(place: Int, info: NodeInfo, apiPort: Int, chatPort: Int) {
        self.place = place
        self.info = info
        self.apiPort = apiPort
        self.chatPort = chatPort
    }
}
