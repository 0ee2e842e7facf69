internal import FoundationEssentials
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
        data.withUnsafeReadableBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                var text: String?
                var scanner = JSONScanner(bytes)
                _ = scanner.object { key, _, scanner in
                    guard scanner.equals(key, "frame"), scanner.peek() == UInt8(ascii: "{") else {
                        return scanner.value() != nil
                    }
                    return scanner.object { key, _, scanner in
                        guard scanner.equals(key, "data"), scanner.peek() == UInt8(ascii: "\"") else {
                            return scanner.value() != nil
                        }
                        guard let found = scanner.string() else { return false }
                        text = scanner.text(found)
                        return true
                    }
                }
                return text
            }
        }
    }

    /// The data decoded from JSON.
    ///
    /// - Throws: `HandlerError.permanent` with the decoder's words: what does not decode today will not tomorrow.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(data.readableBytesView))
        } catch {
            throw HandlerError.permanent("the message is no \(type): \(error)")
        }
    }
}
