/// What ended a connection.
public enum EpochCause: Int64, Sendable, CaseIterable {
    /// One of its two sides, or what lies between, while the consumer lived.
    case connection = 1
    /// The death of the consumer's process: what it had read and not committed may be lost, too.
    case processDied = 2
}
