internal import NIOCore

/// What a connection has read, or found out, and not yet handed on.
struct ReadBatch {
    private struct Item {
        let topic: String
        let client: ClientID
        let receivedAt: Int64
        let unreadable: String?
    }

    private let node: String
    private let connection: Int64
    private var items: [Item] = []
    /// Of the items, in their order.
    private var payloads: [ByteBuffer] = []
    private var outcomes: [CommandOutcome] = []

    init(node: String, connection: Int64) {
        self.node = node
        self.connection = connection
    }

    mutating func add(_ message: PoppedMessage, receivedAt: Int64) {
        items.append(Item(topic: message.topic, client: message.client, receivedAt: receivedAt, unreadable: nil))
        payloads.append(message.data)
    }

    /// A message that cannot be understood is kept as its whole frame.
    mutating func add(unreadable frame: ByteBuffer, reason: String, receivedAt: Int64) {
        items.append(Item(topic: "", client: "", receivedAt: receivedAt, unreadable: reason))
        payloads.append(frame)
    }

    mutating func add(_ command: Int64, _ result: CommandOutcome.Result) {
        outcomes.append(CommandOutcome(command: command, result: result))
    }

    /// With payloads in memory of their own.
    mutating func takeMessages() -> [ReceivedMessage] {
        guard !items.isEmpty else { return [] }
        let items = Self.take(&items)
        var payloads = Self.take(&payloads)
        PayloadPacks.pack(&payloads)
        return zip(items, payloads).map { item, data in
            ReceivedMessage(
                node: node, topic: item.topic, client: item.client, data: data, receivedAt: item.receivedAt,
                unreadable: item.unreadable, connection: connection)
        }
    }

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
