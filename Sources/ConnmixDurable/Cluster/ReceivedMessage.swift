internal import NIOCore

/// A popped message, or the whole frame of one that cannot be understood.
struct ReceivedMessage: Sendable {
    /// The node's id as the center told it: where the client is connected.
    var node: String
    var topic: String
    var client: ClientID
    var data: ByteBuffer
    /// Microseconds since 1970.
    var receivedAt: Int64
    /// Why it cannot be understood; `topic` and `client` are empty and `data` is the frame then.
    var unreadable: String?
    /// The lane's name where it is not the client; empty where there is none. Set before it is journaled.
    var lane: String?
    var dedupeKey: String?
    /// The number of the connection that brought it.
    var connection: Int64 = 0
}
