/// A lane that stands still.
public struct ParkedLane: Sendable, Equatable {
    /// The lane's name; the client's id where lanes are the clients'.
    public let lane: String
    /// The dead entry it stands behind.
    public let entry: Int64
    /// Microseconds since 1970.
    public let parkedAt: Int64
    /// The error that the entry died of, for people.
    public let reason: String
}
