/// How an attempt ended that did not succeed.
public enum AttemptOutcome: Int64, Sendable, CaseIterable, CustomStringConvertible {
    case failed = 1
    case permanent = 2
    case timedOut = 3
    case crashed = 4
    case retryAsked = 5

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
