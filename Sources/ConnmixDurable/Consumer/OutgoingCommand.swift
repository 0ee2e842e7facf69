/// A command of the outbox on its way to a node.
struct OutgoingCommand: Sendable {
    let command: Command
    /// The node that holds the client (a call), or the preferred one.
    var node: String?
    /// The lane of the message whose handler issued it; `nil` where there is none or it is the target's own.
    var lane: String?
    /// Answers so far.
    var attempts = 0
    /// When the first of those answers came, in microseconds since 1970.
    var firstAnswerAt: Int64?
    /// How often it was written to a socket.
    var writes = 0
    /// Microseconds since 1970; not to be sent earlier.
    var availableAt: Int64
    /// After an unknown outcome: only that node's next connection, until then. It keeps the order and makes fewer repeats.
    var sticksTo: (node: String, until: Int64)?
    /// Nodes that were asked for a client whose node is not known, and do not have it.
    var asked: Set<String> = []

    var keys: OrderKeys {
        let laneKey = lane.map { OrderKey.lane($0) }
        return switch command.kind {
        case .send(let client): OrderKeys(laneKey, .client(client.text))
        // Calls wait for one node; while it is away they must not fill the window.
        case .call(let client, _): OrderKeys(laneKey, .client(client.text), quota: .node(node ?? ""))
        case .publish(let channel): OrderKeys(laneKey, .channel(channel))
        case .request: OrderKeys(laneKey)
        }
    }
}

extension OutgoingCommand {
    init(_ row: OpenCommand) {
        self.init(
            command: Command(row), node: row.columns.node, lane: row.columns.lane, attempts: row.attempts,
            writes: row.writes, availableAt: row.availableAt)
    }
}
