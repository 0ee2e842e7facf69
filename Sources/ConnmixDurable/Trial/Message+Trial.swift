internal import NIOCore

/// Messages for tests: see `HandlerTrial`.
extension Message {
    /// A message as connmix's usual Lua code makes it of an end user's text: its data is `{"frame":{"data":"..."}}`.
    ///
    /// - Parameters:
    ///   - topic: the queue that it would have come from.
    ///   - client: the end user's connection.
    ///   - text: what the end user sent.
    ///   - attempt: which attempt this is, counted from 1; a retry policy decides by it.
    ///   - id: that of its journal entry.
    ///   - node: the node that holds the end user's connection.
    public init(
        topic: String, client: ClientID = "1", text: String, attempt: Int = 1, id: Int64 = 1, node: String = "1"
    ) {
        var data = ByteBuffer()
        data.writeStaticString(#"{"frame":{"data":"#)
        data.writeJSONString(text)
        data.writeStaticString("}}")
        self.init(
            id: id, topic: topic, node: node, client: client, attempt: attempt, receivedAt: Clock.now(), data: data)
    }

    /// A message with any data.
    ///
    /// - Parameters:
    ///   - topic: the queue that it would have come from.
    ///   - client: the end user's connection.
    ///   - json: is taken as it stands. The consumer hands out nothing that is no JSON: such a message is dead before.
    ///   - attempt: which attempt this is, counted from 1; a retry policy decides by it.
    ///   - id: that of its journal entry.
    ///   - node: the node that holds the end user's connection.
    public init(
        topic: String, client: ClientID = "1", json: String, attempt: Int = 1, id: Int64 = 1, node: String = "1"
    ) {
        self.init(
            id: id, topic: topic, node: node, client: client, attempt: attempt, receivedAt: Clock.now(),
            data: ByteBuffer(string: json))
    }
}
