/// What a handler throws to say more than "try again by the policy".
public enum HandlerError: Error, Sendable, CustomStringConvertible {
    /// The message can never be handled: it is dead at once, with this reason.
    case permanent(String)
    /// Try again after this pause, a year at most; the attempt counts.
    case retry(after: Duration, reason: String)
    /// The attempt took too long. Thrown by the consumer itself (``ConsumerConfiguration/attemptTimeout``), and by handlers that
    /// keep a time limit of their own.
    case timedOut(after: Duration)

    /// The reason alone, as the journal keeps it as the attempt's error.
    public var description: String {
        switch self {
        case .permanent(let reason): reason
        case .retry(_, let reason): reason
        case .timedOut(let limit): "the attempt took longer than \(limit.text)"
        }
    }
}

/// A failure that is treated as one of `HandlerError` and told in other words: a process that took too long may have said what held it up.
package struct DetailedHandlerError: Error, CustomStringConvertible {
    let base: HandlerError
    package let description: String

    package init(_ base: HandlerError, _ description: String) {
        (self.base, self.description) = (base, description)
    }
}
