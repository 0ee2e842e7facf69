/// Which messages are handled one after the other, and what happens behind one that fails.
///
/// ```swift
/// configuration.lanes = .by { message in message.text.map { String($0.prefix(3)) } }
/// configuration.lanes.order = .relaxed
/// ```
public struct Lanes: Sendable {
    /// What the messages behind one that waits for its retry do.
    public enum Order: Sendable {
        /// They wait with it: nothing of a lane is handled before what came earlier.
        case strict
        /// They pass it.
        case relaxed
    }

    /// What the messages behind a dead one do.
    public enum DeadHead: Sendable {
        /// They go on.
        case skip
        /// They wait until an operator acts. The lane is parked, also through restarts.
        case park
    }

    /// What the messages behind one that waits for its retry do. The default keeps the order.
    public var order = Order.strict
    /// What the messages behind a dead one do. The default goes on without it.
    public var deadHead = DeadHead.skip
    /// `nil`: the client, without asking anybody.
    private let key: (@Sendable (Message) -> Name)?

    private enum Name {
        case none
        case named(String)
    }

    /// One lane an end user.
    public static var client: Lanes { Lanes(nil) }

    /// No lanes: every message for itself, in no order.
    public static var none: Lanes { Lanes { _ in .none } }

    /// A lane for each key; messages without one (`nil`) have no lane.
    ///
    /// `key` runs once a message, on the writer's thread, before the message is journaled: its `id` is 0 there. It must be quick, and
    /// names longer than 1,024 bytes are cut.
    public static func by(_ key: @escaping @Sendable (Message) -> String?) -> Lanes {
        Lanes { message in
            guard let name = key(message), !name.isEmpty else { return .none }
            return .named(name.bounded(toBytes: 1_024))
        }
    }

    private init(_ key: (@Sendable (Message) -> Name)?) {
        self.key = key
    }

    var areClients: Bool { key == nil }

    /// The lane as the journal keeps it: `nil` is the client's, an empty text none at all.
    func column(for message: ReceivedMessage) -> String? {
        guard let key, message.unreadable == nil else { return nil }
        let name = key(Message(message))
        return switch name {
        case .none: ""
        case .named(let name): name == message.client.text ? nil : name
        }
    }
}
