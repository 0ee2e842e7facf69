/// A command of the outbox on its way to a node.
///
/// Commands are copied from room to room: what never changes of one is behind one reference, and so is what few have.
struct OutgoingCommand: Sendable {
    private final class Content: Sendable {
        let command: Command
        let node: String?
        let keys: OrderKeys
        let bytes: Int
        let isAcknowledgement: Bool
        let requiredNode: String?

        init(_ command: Command, node: String?, lane: String?, isUnordered: Bool, isAcknowledgement: Bool, requiredNode: String?)
        {
            self.command = command
            self.node = node
            self.isAcknowledgement = isAcknowledgement
            self.requiredNode = requiredNode
            bytes = command.payload.count + 256
            keys = OrderKeys(command.kind, node: node, lane: lane, isUnordered: isUnordered, requiredNode: requiredNode)
        }
    }

    private final class History: Sendable {
        let sticksTo: (node: String, until: Int64)?
        let asked: Set<String>

        init(sticksTo: (node: String, until: Int64)?, asked: Set<String>) {
            self.sticksTo = sticksTo
            self.asked = asked
        }
    }

    private let content: Content
    private var history: History?
    /// Answers so far.
    var attempts = 0
    /// How often it was written to a socket.
    var writes = 0
    /// Microseconds since 1970; not to be sent earlier.
    var availableAt: Int64
    /// Microseconds since 1970; not to be sent any more from then on.
    var expiresAt: Int64?
    /// Only one write is allowed, and whether the file knows of it.
    var onlyWrite: OnlyWrite?
    /// It may be why connections close: nothing else is to be in flight beside it.
    var goesAlone = false

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

    /// - Parameters:
    ///   - node: the node that holds the client (a call), or the preferred one.
    ///   - lane: that of the message whose handler issued it; `nil` where there is none or it is the target's own.
    ///   - isUnordered: whether it waits for nothing and nothing waits for it.
    ///   - requiredNode: of a request that is for one node.
    init(
        command: Command, node: String?, lane: String? = nil, isUnordered: Bool = false, isAcknowledgement: Bool = false,
        requiredNode: String? = nil, attempts: Int = 0, writes: Int = 0, availableAt: Int64
    ) {
        content = Content(
            command, node: node, lane: lane, isUnordered: isUnordered, isAcknowledgement: isAcknowledgement,
            requiredNode: requiredNode)
        self.attempts = attempts
        self.writes = writes
        self.availableAt = availableAt
    }

    var command: Command { content.command }
    var node: String? { content.node }
    var requiredNode: String? { content.requiredNode }
    var isAcknowledgement: Bool { content.isAcknowledgement }
    /// Under which keys it keeps its order.
    var keys: OrderKeys { content.keys }
    /// What it takes in memory, roughly.
    var bytes: Int { content.bytes }

    /// After an unknown outcome: only that node's next connection, until then. It keeps the order and makes fewer repeats.
    var sticksTo: (node: String, until: Int64)? {
        get { history?.sticksTo }
        set {
            guard newValue != nil || history != nil else { return }
            history = History(sticksTo: newValue, asked: asked)
        }
    }

    /// Nodes that were asked for a client whose node is not known, and do not have it.
    var asked: Set<String> {
        get { history?.asked ?? [] }
        set { history = History(sticksTo: sticksTo, asked: newValue) }
    }

    /// Its time is the relay's, and not one that somebody wished for: it was answered, or written in vain.
    var waitsForRepeat: Bool { attempts > 0 || writes > 0 }

    func hasExpired(now: Int64) -> Bool {
        expiresAt.map { $0 <= now } ?? false
    }

    /// What is said of a command whose time ran out.
    static func expiry(writes: Int) -> String {
        writes == 0 ? "its time ran out before it was sent" : "its time ran out; written \(writes) times and never answered"
    }
}

extension OrderKeys {
    /// Those of a command.
    fileprivate init(_ kind: Command.Kind, node: String?, lane: String?, isUnordered: Bool, requiredNode: String?) {
        if isUnordered {
            self.init(nil, quota: kind.isCall ? .node(node ?? "") : requiredNode.map { .node($0) })
            return
        }
        let lane = lane.map { OrderKey.lane($0) }
        switch kind {
        case .send(let client): self.init(lane, .client(client.text))
        // Calls wait for one node; while it is away they must not fill the window.
        case .call(let client, _): self.init(lane, .client(client.text), quota: .node(node ?? ""))
        case .publish(let channel): self.init(lane, .channel(channel))
        case .request: self.init(lane, quota: requiredNode.map { .node($0) })
        }
    }
}

extension OutgoingCommand {
    /// A command that was just added to the file.
    init(_ command: Command, _ columns: NewCommand, now: Int64) {
        self.init(command, columns, attempts: 0, writes: 0, availableAt: max(now, columns.extras?.notBefore ?? 0))
        expiresAt = columns.extras?.expiresAt
    }

    /// - Throws: `corrupt` where the row is no command that was ever accepted.
    init(_ row: WaitingCommand) throws(ConnmixError) {
        self.init(
            try Command(row), row.columns, attempts: row.attempts, writes: row.writes, availableAt: row.availableAt)
        expiresAt = row.expiresAt
    }

    private init(_ command: Command, _ columns: NewCommand, attempts: Int, writes: Int, availableAt: Int64) {
        self.init(
            command: command, node: columns.node, lane: columns.lane, isUnordered: columns.flags.contains(.unordered),
            isAcknowledgement: columns.flags.contains(.acknowledgement),
            requiredNode: columns.kind == .request && !columns.target.isEmpty ? columns.target : nil, attempts: attempts,
            writes: writes, availableAt: availableAt)
        if columns.flags.contains(.atMostOnce) { onlyWrite = columns.flags.contains(.writing) ? .uncertain : .notBegun }
    }
}
