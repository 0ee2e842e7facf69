/// An entry of the journal as it is kept.
public struct JournalRecord: Sendable {
    public let id: Int64
    public let topic: String
    /// The node that held the end user's connection.
    public let node: String
    public let client: String
    /// Whether the client id was a number on the wire, and goes back as one.
    public let clientIsNumber: Bool
    public let state: EntryState
    /// How often it was handed to a handler.
    public let attempts: Int
    /// Microseconds since 1970, UTC; as all times here.
    public let receivedAt: Int64
    /// While it is open: may be handled from then on.
    public let availableAt: Int64?
    /// When it was done, dead or discarded.
    public let finishedAt: Int64?
    public let lastError: String?
    /// Of the run that took it last.
    public let handlerVersion: String?
    /// The entry it is a replay of.
    public let replayOf: Int64?
    public let dedupeKey: String?
    /// The lane, where it is not the client.
    public let lane: String?
    /// The payload, exactly as received; `nil` where it was not asked for.
    public let data: [UInt8]?
}

/// An attempt that failed, or an intervention between attempts.
public struct AttemptRecord: Sendable {
    /// Counted from 1.
    public let attempt: Int
    public let startedAt: Int64
    public let endedAt: Int64
    public let outcome: AttemptOutcome
    public let error: String

    package init(attempt: Int, startedAt: Int64, endedAt: Int64, outcome: AttemptOutcome, error: String) {
        self.attempt = attempt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.error = error
    }
}

/// An entry of the journal and all that belongs to it.
public struct JournalDetail: Sendable {
    public let entry: JournalRecord
    /// Failed attempts, oldest first. An attempt that succeeded leaves no row: the entry's own state says so.
    public let attempts: [AttemptRecord]
    /// What its handler issued, in order.
    public let commands: [OutboxRecord]
    /// Ids of the entries that replay this one.
    public let replays: [Int64]
}
