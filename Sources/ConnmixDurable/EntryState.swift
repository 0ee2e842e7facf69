/// Where an entry of the journal is on its way.
public enum EntryState: Int64, Sendable, CaseIterable, CustomStringConvertible {
    /// Waits for its handler, perhaps until a time (`availableAt`).
    case pending = 2
    /// Claimed by the running consumer: being handled, or next in line.
    case running = 3
    /// Handled; its commands are in the outbox.
    case done = 8
    /// Given up, with a reason. An operator may retry or replay it.
    case dead = 9
    /// Put aside by an operator.
    case discarded = 10
    /// Given up, and replayed by an operator since: a newer entry stands in its place.
    case replayed = 11

    /// The name in lower case, as the command line and its JSON have it. It does not change.
    public var description: String {
        switch self {
        case .pending: "pending"
        case .running: "running"
        case .done: "done"
        case .dead: "dead"
        case .discarded: "discarded"
        case .replayed: "replayed"
        }
    }

    /// Whether nothing more happens to the entry by itself.
    var isFinished: Bool { rawValue >= 8 }
}
