internal import NIOCore

/// A journaled message on its way to its handler.
struct Delivery: Sendable {
    var topic: String
    var node: String
    var client: ClientID
    /// The lane's name where it is not the client.
    var lane: String?
    var data: ByteBuffer
    /// Microseconds since 1970.
    var receivedAt: Int64
    /// Attempts that were begun, the one under way included.
    var attempts: Int
    /// Microseconds since 1970; not to be handled earlier.
    var availableAt: Int64
    /// Marked in the file as running: its handler may start.
    var isClaimed: Bool
    /// Must be handled alone: it may have killed the process before.
    var isSuspect = false

    var keys: OrderKeys { OrderKeys(.lane(lane ?? client.text)) }
}

extension Delivery {
    init(_ row: WaitingEntry, isClaimed: Bool) {
        self.init(
            topic: row.topic, node: row.node,
            client: ClientID(row.client, isNumber: row.flags.contains(.clientIsNumber)), lane: row.lane,
            data: row.withData { ByteBuffer(bytes: $0) }, receivedAt: row.receivedAt,
            attempts: row.attempts + (isClaimed ? 1 : 0), availableAt: row.availableAt, isClaimed: isClaimed,
            isSuspect: row.flags.contains(.suspect))
    }
}
