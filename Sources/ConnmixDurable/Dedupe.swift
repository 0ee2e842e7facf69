/// Drops repeats of messages that end users send again, by a key that the message carries.
///
/// ```swift
/// configuration.dedupe = Dedupe(window: .seconds(3_600)) { message in
///     struct Frame: Decodable { var number: Int }
///     return (try? message.json(as: Frame.self)).map { "\(message.topic)/\(message.client)/\($0.number)" }
/// }
/// ```
public struct Dedupe: Sendable {
    let window: Duration
    let key: @Sendable (Message) -> String?

    /// Repeats by a key, within a time.
    ///
    /// - Parameters:
    ///   - window: how long a key is remembered after its first message, 1 s to a year. Memory of it is in the file: keys that
    ///     grow cost less than random ones.
    ///   - key: is one for all topics: where users number their frames in each topic by itself, put the topic into it, too. Runs once a message, on the writer's thread, before the message is journaled: its `id` is 0 there. It must be quick.
    ///     `nil` and empty keys mean no check; longer ones than 1,024 bytes too.
    public init(window: Duration, key: @escaping @Sendable (Message) -> String?) {
        self.window = window
        self.key = key
    }

    func column(for message: ReceivedMessage) -> String? {
        guard message.unreadable == nil else { return nil }
        let key = key(Message(message))
        return key.flatMap { $0.isEmpty || $0.utf8.count > 1_024 ? nil : $0 }
    }
}
