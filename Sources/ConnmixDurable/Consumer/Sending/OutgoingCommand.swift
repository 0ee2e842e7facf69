/// A command of the outbox on its way to a node.
struct OutgoingCommand: Sendable {
    let command: Command
    /// The node that holds the client (a call), or the preferred one.
    var node: String?
    /// The lane of the message whose handler issued it; `nil` where there is none or it is the target's own.
    var lane: String?
    /// Answers so far.
    var attempts = 0
    /// How often it was written to a socket.
    var writes = 0
    /// Microseconds since 1970; not to be sent earlier.
    var availableAt: Int64
    /// After an unknown outcome: only that node's next connection, until then. It keeps the order and makes fewer repeats.
    var sticksTo: (node: String, until: Int64)?
    /// Microseconds since 1970; not to be sent any more from then on.
    var expiresAt: Int64?
    /// Only one write is allowed, and whether the file knows of it.
    var onlyWrite: OnlyWrite?
    /// It waits for nothing and nothing waits for it.
    var isUnordered = false
    var isAcknowledgement = false
    /// Of a request that is for one node.
    var requiredNode: String?
    /// It may be why connections close: nothing else is to be in flight beside it.
    var goesAlone = false
    /// Nodes that were asked for a client whose node is not known, and do not have it.
    var asked: Set<String> = []

    /// How far a command that may be written once is.
    enum OnlyWrite: Sendable {
        case notBegun
        /// The file says that it is about to be written.
        case noted
        /// Written, and not answered in time: an answer may yet come, and it is not written again.
        case written
        /// It may have been written before this process began, and nobody knows whether it was applied.
        case uncertain
    }

    /// What it takes in memory, roughly.
    var bytes: Int { command.payload.count + 256 }

    /// Its time is the relay's, and not one that somebody wished for: it was answered, or written in vain.
    var waitsForRepeat: Bool { attempts > 0 || writes > 0 }

    func hasExpired(now: Int64) -> Bool {
        expiresAt.map { $0 <= now } ?? false
    }

    /// What is said of a command whose time ran out.
    static func expiry(writes: Int) -> String {
        writes == 0 ? "its time ran out before it was sent" : "its time ran out; written \(writes) times and never answered"
    }

    var keys: OrderKeys {
        if isUnordered { return OrderKeys(nil, quota: command.kind.isCall ? .node(node ?? "") : requiredNode.map { .node($0) }) }
        let laneKey = lane.map { OrderKey.lane($0) }
        return switch command.kind {
        case .send(let client): OrderKeys(laneKey, .client(client.text))
        // Calls wait for one node; while it is away they must not fill the window.
        case .call(let client, _): OrderKeys(laneKey, .client(client.text), quota: .node(node ?? ""))
        case .publish(let channel): OrderKeys(laneKey, .channel(channel))
        case .request: OrderKeys(laneKey, quota: requiredNode.map { .node($0) })
        }
    }
}

extension OutgoingCommand {
    /// A command that was just added to the file.
    init(_ command: Command, _ columns: NewCommand, now: Int64) {
        self.init(
            command: command, node: columns.node, lane: columns.lane, availableAt: max(now, columns.extras?.notBefore ?? 0))
        apply(columns, expiresAt: columns.extras?.expiresAt)
    }

    /// - Throws: `corrupt` where the row is no command that was ever accepted.
    init(_ row: WaitingCommand) throws(ConnmixError) {
        self.init(
            command: try Command(row), node: row.columns.node, lane: row.columns.lane, attempts: row.attempts,
            writes: row.writes, availableAt: row.availableAt)
        apply(row.columns, expiresAt: row.expiresAt)
    }

    private mutating func apply(_ columns: NewCommand, expiresAt: Int64?) {
        self.expiresAt = expiresAt
        isUnordered = columns.flags.contains(.unordered)
        isAcknowledgement = columns.flags.contains(.acknowledgement)
        if columns.flags.contains(.atMostOnce) { onlyWrite = columns.flags.contains(.writing) ? .uncertain : .notBegun }
        if columns.kind == .request, !columns.target.isEmpty { requiredNode = columns.target }
    }
}
