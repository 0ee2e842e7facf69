/// Where a command of the outbox is on its way. That it is in flight is known in memory only.
public enum CommandState: Int64, Sendable, CaseIterable, CustomStringConvertible {
    /// To be sent, perhaps not before a time.
    case pending = 2
    /// Answered by the engine.
    case sent = 8
    /// Refused by the engine or impossible, with a reason.
    case dead = 9
    /// Not sent before its time ran out.
    case expired = 10
    /// Withdrawn by an operator.
    case cancelled = 11
    /// Replaced by a later command before it was sent.
    case superseded = 12
    /// Written to a socket, never answered, and not to be sent twice.
    case unknown = 13

    /// The name in lower case, as the command line and its JSON have it. It does not change.
    public var description: String {
        switch self {
        case .pending: "pending"
        case .sent: "sent"
        case .dead: "dead"
        case .expired: "expired"
        case .cancelled: "cancelled"
        case .superseded: "superseded"
        case .unknown: "unknown"
        }
    }
}
