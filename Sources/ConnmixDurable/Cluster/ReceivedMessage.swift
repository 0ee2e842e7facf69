internal import NIOCore

/// A popped message, or the whole frame of one that cannot be understood.
///
/// Messages are copied from room to room: what is known of one is behind one reference, which goes on to its delivery.
struct ReceivedMessage: Sendable {
    final class Content: Sendable {
        let node: String
        let topic: String
        let client: ClientID
        let data: ByteBuffer
        let receivedAt: Int64
        let unreadable: String?
        let lane: String?
        let dedupeKey: String?

        init(
            node: String, topic: String, client: ClientID, data: ByteBuffer, receivedAt: Int64, unreadable: String? = nil,
            lane: String? = nil, dedupeKey: String? = nil
        ) {
            self.node = node
            self.topic = topic
            self.client = client
            self.data = data
            self.receivedAt = receivedAt
            self.unreadable = unreadable
            self.lane = lane
            self.dedupeKey = dedupeKey
        }
    }

    private(set) var content: Content
    /// The number of the connection that brought it.
    let connection: Int64

    init(
        node: String, topic: String, client: ClientID, data: ByteBuffer, receivedAt: Int64, unreadable: String? = nil,
        connection: Int64 = 0
    ) {
        content = Content(
            node: node, topic: topic, client: client, data: data, receivedAt: receivedAt, unreadable: unreadable)
        self.connection = connection
    }

    /// The node's id as the center told it: where the client is connected.
    var node: String { content.node }
    var topic: String { content.topic }
    var client: ClientID { content.client }
    /// Microseconds since 1970.
    var receivedAt: Int64 { content.receivedAt }
    /// Why it cannot be understood; `topic` and `client` are empty and `data` is the frame then.
    var unreadable: String? { content.unreadable }
    var data: ByteBuffer { content.data }
    /// The lane's name where it is not the client; empty where there is none. Set before it is journaled.
    var lane: String? {
        get { content.lane }
        set { if newValue != lane { content = content.with(lane: newValue, dedupeKey: dedupeKey) } }
    }
    var dedupeKey: String? {
        get { content.dedupeKey }
        set { if newValue != dedupeKey { content = content.with(lane: lane, dedupeKey: newValue) } }
    }
}

extension ReceivedMessage.Content {
    fileprivate func with(lane: String?, dedupeKey: String?) -> ReceivedMessage.Content {
        .init(
            node: node, topic: topic, client: client, data: data, receivedAt: receivedAt, unreadable: unreadable, lane: lane,
            dedupeKey: dedupeKey)
    }
}
