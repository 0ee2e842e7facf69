public import NIOCore

/// A message of an end user, journaled and handed to a handler.
public struct Message: Sendable {
    /// The id of its journal entry. Ids grow in the order of arrival.
    public let id: Int64
    /// The queue it was popped from.
    public let topic: String
    /// The node that holds the end user's connection.
    public let node: String
    /// The end user's connection that it came from. Commands for the end user name it.
    public let client: ClientID
    /// Which attempt this is, counted from 1.
    public let attempt: Int
    /// When it was read from the socket, in microseconds since 1970, UTC.
    public let receivedAt: Int64
    /// What the gateway's Lua code pushed: JSON in UTF-8, exactly as received.
    public let data: ByteBuffer

    /// A message with every value given. Nothing is checked, and nothing is journaled: a consumer makes its own.
    public init(
        id: Int64, topic: String, node: String, client: ClientID, attempt: Int, receivedAt: Int64, data: ByteBuffer
    ) {
        self.id = id
        self.topic = topic
        self.node = node
        self.client = client
        self.attempt = attempt
        self.receivedAt = receivedAt
        self.data = data
    }

    /// The end user's text, where the data has connmix's conventional form `{"frame":{"data":"..."}}`.
    public var text: String? {
        if case .text(let text) = frameData { text } else { nil }
    }

    enum FrameData {
        case text(String)
        /// JSON of another kind: its place in the data.
        case value(Range<Int>)
    }

    /// What stands in `frame.data`, where the data has that form.
    var frameData: FrameData? {
        data.withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                var found: FrameData?
                var scanner = JSONScanner(bytes)
                _ = scanner.object { key, _, scanner in
                    guard scanner.equals(key, "frame"), scanner.peek() == UInt8(ascii: "{") else {
                        return scanner.value() != nil
                    }
                    return scanner.object { key, _, scanner in
                        guard scanner.equals(key, "data") else { return scanner.value() != nil }
                        guard scanner.peek() == UInt8(ascii: "\"") else {
                            guard let place = scanner.value() else { return false }
                            found = .value(place)
                            return true
                        }
                        guard let text = scanner.string() else { return false }
                        found = .text(scanner.text(text))
                        return true
                    }
                }
                return found
            }
        }
    }
}
