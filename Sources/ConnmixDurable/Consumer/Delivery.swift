internal import NIOCore

/// A journaled message on its way to its handler.
struct Delivery: Sendable {
    /// What never changes of it. Deliveries are copied from room to room; like this a copy is one reference.
    private let content: ReceivedMessage.Content
    /// Attempts that were begun, the one under way included.
    var attempts: Int
    /// Microseconds since 1970; not to be handled earlier.
    var availableAt: Int64
    /// Marked in the file as running: its handler may start.
    var isClaimed: Bool
    /// It may have killed the process before: never handled beside another one that may have.
    var isSuspect: Bool

    init(
        topic: String, node: String, client: ClientID, lane: String? = nil, data: ByteBuffer, receivedAt: Int64,
        attempts: Int, availableAt: Int64, isClaimed: Bool, isSuspect: Bool = false
    ) {
        content = .init(node: node, topic: topic, client: client, data: data, receivedAt: receivedAt, lane: lane)
        self.attempts = attempts
        self.availableAt = availableAt
        self.isClaimed = isClaimed
        self.isSuspect = isSuspect
    }

    var topic: String { content.topic }
    var node: String { content.node }
    var client: ClientID { content.client }
    /// As the journal keeps it: `nil` is the client's lane, an empty text none.
    var lane: String? { content.lane }
    var data: ByteBuffer { content.data }
    /// Microseconds since 1970.
    var receivedAt: Int64 { content.receivedAt }

    /// As it is where it waits to be claimed when its turn comes.
    var unclaimed: Delivery {
        var delivery = self
        guard isClaimed else { return delivery }
        delivery.isClaimed = false
        delivery.attempts -= 1
        return delivery
    }

    /// What it takes in memory, roughly.
    var bytes: Int { data.readableBytes + topic.utf8.count + client.text.utf8.count + (lane?.utf8.count ?? 0) + 256 }

    /// The lane's name; `nil` where the message has none.
    var laneName: String? { lane == "" ? nil : lane ?? client.text }
}

extension Delivery {
    /// A message that has just come, and is handed out as soon as it is committed.
    init(_ message: ReceivedMessage) {
        content = message.content
        attempts = 1
        availableAt = message.receivedAt
        isClaimed = true
        isSuspect = false
    }

    init(_ row: WaitingEntry, isClaimed: Bool) {
        self.init(
            topic: row.topic, node: row.node,
            client: ClientID(row.client, isNumber: row.flags.contains(.clientIsNumber)), lane: row.lane,
            data: row.withData { ByteBuffer(bytes: $0) }, receivedAt: row.receivedAt,
            attempts: row.attempts + (isClaimed ? 1 : 0), availableAt: row.availableAt, isClaimed: isClaimed,
            isSuspect: row.flags.contains(.suspect))
    }
}
