/// One time that a copy took the place of a file that was lost: `DatabaseMaintenance.adopt`.
public struct AdoptionRecord: Sendable, Equatable {
    /// Ids grow in the order of adoptions and are never used twice.
    public let id: Int64
    /// The newest time that the copy has, in microseconds since 1970, UTC; as all times here. What came later is not in it.
    public let copiedAt: Int64
    /// When the copy was adopted. The lost file took no messages any more by then.
    public let adoptedAt: Int64
    /// The name of the machine that adopted it.
    public let host: String
    /// As it was given; `nil` where none was.
    public let reason: String?
    /// The copy's highest entry.
    public let lastEntry: Int64
    /// The next entry has this id: those between may have been given in the lost file.
    public let firstEntry: Int64
    /// The copy's highest command.
    public let lastCommand: Int64
    /// The next command has this id.
    public let firstCommand: Int64

    /// What may be lost with it, in plain words.
    public var mayBeLost: String {
        "all that was received and not handled in this time; what was open in the copy may have been handled and sent, and is again, but for waiting commands at most once, which are unknown"
    }
}
