/// The columns of a command that is to be added.
struct NewCommand {
    var kind: CommandKind
    /// Client or channel; empty where neither applies.
    var target: String
    /// The function of a call, the method of any other request.
    var function: String?
    var flags: CommandFlags = []
    /// The journal entry whose handler issued it.
    var messageID: Int64?
    /// The node that holds the client (a call), or the preferred one.
    var node: String?
    /// The lane it must keep its order in, beside its target's.
    var lane: String?
    var extras: Extras?

    /// What few commands have.
    struct Extras {
        /// Microseconds since 1970.
        var notBefore: Int64?
        var expiresAt: Int64?
        var idempotencyKey: String?
        var compactionKey: String?
    }
}

enum CommandKind: Int64 {
    case send = 2
    case publish = 3
    case call = 4
    case request = 5
}

struct CommandFlags: OptionSet {
    let rawValue: Int64

    static let clientIsNumber = Self(rawValue: 1)
    static let isBinary = Self(rawValue: 2)
    static let atMostOnce = Self(rawValue: 4)
    static let unordered = Self(rawValue: 8)
    /// Of an `atMostOnce`: it is about to be written to a socket, or was, and no answer is known.
    static let writing = Self(rawValue: 16)
    /// Acknowledges a message to an end user's connection. That it is gone is nothing to look into.
    static let acknowledgement = Self(rawValue: 32)
    /// An operator had it sent: its time is when that was, and none that a user gave.
    static let retried = Self(rawValue: 64)
}
