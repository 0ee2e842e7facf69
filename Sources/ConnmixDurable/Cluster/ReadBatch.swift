internal import NIOCore

/// What a connection has read, or found out, and not yet handed on.
struct ReadBatch {
    private let node: String
    private let connection: Int64
    private var messages: [ReceivedMessage] = []
    private var outcomes: [CommandOutcome] = []

    init(node: String, connection: Int64) {
        self.node = node
        self.connection = connection
    }

    mutating func add(_ message: PoppedMessage, receivedAt: Int64) {
        messages.append(
            ReceivedMessage(
                node: node, topic: message.topic, client: message.client, data: message.data, receivedAt: receivedAt,
                connection: connection))
    }

    /// A message that cannot be understood is kept as its whole frame.
    mutating func add(unreadable frame: ByteBuffer, reason: String, receivedAt: Int64) {
        messages.append(
            ReceivedMessage(
                node: node, topic: "", client: "", data: frame, receivedAt: receivedAt, unreadable: reason,
                connection: connection))
    }

    mutating func add(_ command: Int64, _ result: CommandOutcome.Result) {
        outcomes.append(CommandOutcome(command: command, result: result))
    }

    mutating func takeMessages() -> [ReceivedMessage] { Self.take(&messages) }

    mutating func takeOutcomes() -> [CommandOutcome] { Self.take(&outcomes) }

    /// The next batch is about as large as this one.
    private static func take<Element>(_ list: inout [Element]) -> [Element] {
        guard !list.isEmpty else { return [] }
        let taken = list
        list = []
        list.reserveCapacity(min(taken.count, 1_024))
        return taken
    }
}
