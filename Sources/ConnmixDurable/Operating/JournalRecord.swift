/// An entry of the journal as it is kept.
public struct JournalRecord: Sendable {
    /// Ids grow in the order in which entries are journaled or imported, and are never used twice.
    public let id: Int64
    /// The queue it was popped from.
    public let topic: String
    /// The node that held the end user's connection.
    public let node: String
    /// The end user's id as text.
    public let client: String
    /// Whether the client id was a number on the wire, and goes back as one.
    public let clientIsNumber: Bool
    /// Where it is on its way.
    public let state: EntryState
    /// How often it was handed to a handler.
    public let attempts: Int
    /// Microseconds since 1970, UTC; as all times here.
    public let receivedAt: Int64
    /// While it is open: may be handled from then on. In microseconds since 1970, UTC.
    public let availableAt: Int64?
    /// When it was done, dead, discarded or replayed. In microseconds since 1970, UTC.
    public let finishedAt: Int64?
    /// The error of its last failure, kept also where it was handled later; `nil` where it never failed.
    public let lastError: String?
    /// Of the run that took it last.
    public let handlerVersion: String?
    /// The entry it is a replay of.
    public let replayOf: Int64?
    /// What ``Dedupe`` made of it, which a later message is known by as a repeat; `nil`: no key.
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
    /// When its handler began, in microseconds since 1970, UTC. Of a crash about which nothing is known: as `endedAt`.
    public let startedAt: Int64
    /// When it failed, in microseconds since 1970, UTC. Of a crash: when the next run found it.
    public let endedAt: Int64
    /// How it failed.
    public let outcome: AttemptOutcome
    /// What was thrown, cut to a bounded length.
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
    /// The entry itself.
    public let entry: JournalRecord
    /// Failed attempts, oldest first. An attempt that succeeded leaves no row: the entry's own state says so.
    public let attempts: [AttemptRecord]
    /// What its handler issued, in order.
    public let commands: [OutboxRecord]
    /// Ids of the entries that replay this one.
    public let replays: [Int64]
}
