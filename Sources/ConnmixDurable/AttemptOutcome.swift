/// How an attempt ended that did not succeed.
public enum AttemptOutcome: Int64, Sendable, CaseIterable, CustomStringConvertible {
    /// The handler threw, or a write to its own tables did: tried again by the policy, while attempts are left.
    case failed = 1
    /// The handler threw ``HandlerError/permanent(_:)``: dead at once.
    case permanent = 2
    /// It took longer than it may, by ``ConsumerConfiguration/attemptTimeout`` or by the handler's own word.
    case timedOut = 3
    /// The process died while a handler had the message in hand.
    case crashed = 4
    /// The handler threw ``HandlerError/retry(after:reason:)``: tried again after the pause that it named, while attempts are left.
    case retryAsked = 5

    /// A word or two, as the command line and its JSON have them: `timeout` for `timedOut`, `retry asked` for `retryAsked`,
    /// otherwise the case's name. They do not change.
    public var description: String {
        switch self {
        case .failed: "failed"
        case .permanent: "permanent"
        case .timedOut: "timeout"
        case .crashed: "crashed"
        case .retryAsked: "retry asked"
        }
    }
}
