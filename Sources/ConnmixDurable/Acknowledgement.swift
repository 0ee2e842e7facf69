internal import NIOCore

/// Tells the end user's connection that a message is safe, so that the end user can send again what is not: delivery without loss
/// from end to end.
///
/// The gateway's Lua code waits for a context value after each frame; the consumer sets it through the outbox, in the transaction
/// that journals or handles the message. Together with numbered frames and ``Dedupe``, nothing is lost whatever dies: what was not
/// acknowledged is sent again, and repeats are acknowledged and dropped. See docs/acknowledgement.md for both sides.
///
/// ```swift
/// configuration.acknowledge = .contextValue("ack") { message in
///     struct Frame: Decodable { var number: Int }
///     return (try? message.json(as: Frame.self)).map { "\($0.number)" }
/// }
/// ```
public struct Acknowledgement: Sendable {
    /// When a message counts as safe.
    public enum Moment: Sendable, Equatable {
        /// With the commit that journals the message: it will be handled, whatever happens.
        case journaled
        /// With the commit that ends it: handled, or dead, with its reason in the journal. Repeats of what is not ended are not
        /// acknowledged.
        case handled
    }

    let key: String
    let moment: Moment
    let value: @Sendable (Message) -> String?

    /// Sets a context value of the end user's connection.
    ///
    /// - Parameters:
    ///   - key: the context value's name, 1 to 1,024 bytes.
    ///   - moment: what is acknowledged.
    ///   - value: what it is set to, as JSON text, such as a number; `nil`: this message is not acknowledged. What is no JSON, or more
    ///     than a command may carry, cannot be sent: the message is journaled and handled as any other, and
    ///     ``ConsumerEvent/notAcknowledged(entry:messages:reason:)`` says so. Runs once a message on the
    ///     writer's thread; it must be quick. The message's `id` is 0 where it is a repeat.
    public static func contextValue(
        _ key: String, when moment: Moment = .journaled, value: @escaping @Sendable (Message) -> String?
    ) -> Acknowledgement {
        Acknowledgement(key: key, moment: moment, value: value)
    }

    /// The command that acknowledges a message; `nil` where it is not acknowledged.
    ///
    /// - Throws: `badData` where the value cannot be sent.
    func command(for message: Message) throws(ConnmixError) -> Command? {
        guard var text = value(message) else { return nil }
        // Looked at by itself: `1,2` would be two arguments.
        guard text.withUTF8({ JSONScanner.isValue($0) }) else {
            throw ConnmixError(
                .badData,
                "the value for \(key.bounded(toBytes: 100)) is no JSON (\(text.utf8.count) bytes); give one JSON value as text, or nil"
            )
        }
        return try .call(message.client, "set_context_value", argumentsJSON: "[\(keyJSON),\(text)]")
    }

    private var keyJSON: String {
        var buffer = ByteBuffer()
        buffer.writeJSONString(key)
        return String(buffer: buffer)
    }
}

extension Message {
    /// As it came in, before it has an id.
    init(_ received: ReceivedMessage) {
        self.init(
            id: 0, topic: received.topic, node: received.node, client: received.client, attempt: 0,
            receivedAt: received.receivedAt, data: received.data)
    }
}
