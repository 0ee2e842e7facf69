/// What has happened lately. Rates come from two of them: see `rates(since:)`.
public struct ActivityReport: Sendable, Equatable {
    /// Dead messages with the same cause.
    public struct DeadCause: Sendable, Equatable {
        /// The error without what is different each time, as `FailureCause.name`.
        public let cause: String
        /// How many messages.
        public let count: Int
        /// The id of the newest of them.
        public let newestEntry: Int64
        /// As `FailureCause.id`.
        public var id: String { FailureCause.id(ofName: cause) }

        /// A cause by its parts, for tests of what shows them.
        public init(cause: String, count: Int, newestEntry: Int64) {
            self.cause = cause
            self.count = count
            self.newestEntry = newestEntry
        }
    }

    /// Events a second.
    public struct Rates: Sendable, Equatable {
        /// Messages that were journaled.
        public let received: Double
        /// Messages that ended, in whatever way.
        public let handled: Double
        /// Commands that the engine took.
        public let sent: Double
        /// Attempts that failed.
        public let failed: Double

        /// Rates by their parts, for tests of what shows them.
        public init(received: Double, handled: Double, sent: Double, failed: Double) {
            (self.received, self.handled, self.sent, self.failed) = (received, handled, sent, failed)
        }
    }

    /// Entries that were ever made.
    public internal(set) var entries: Int64 = 0
    /// Those of them that are pending or running.
    public internal(set) var openEntries: Int64 = 0
    /// Commands that were ever made.
    public internal(set) var commands: Int64 = 0
    /// Those of them that are pending.
    public internal(set) var openCommands: Int64 = 0
    /// Those of them that ended in another way than sent, and are still kept.
    public internal(set) var unsentCommands: Int64 = 0
    /// Messages that were journaled within the last minute.
    public internal(set) var receivedLastMinute: Int64 = 0
    /// Attempts that failed within the last minute.
    public internal(set) var failedLastMinute: Int64 = 0
    /// Attempts that failed since the report before; 0 where there was none.
    public internal(set) var failedSinceLast: Int64 = 0
    /// Lanes that stand still behind a dead entry until an operator acts.
    public internal(set) var parkedLanes: Int = 0
    /// Messages that died within the last hour, the most frequent cause first.
    public internal(set) var deadLastHour: [DeadCause] = []
    /// There were so many failures that the oldest of the hour were not looked at.
    public internal(set) var isDeadLastHourCut = false
    /// Microseconds since 1970.
    public internal(set) var takenAt: Int64 = 0

    /// An empty report of the time 0. ``Inspector/activity(since:)`` makes those with content.
    public init() {}

    /// What happened between an earlier report and this one; `nil` where no time has passed.
    ///
    /// Ids are never used twice, so what came in can be counted by them whatever was deleted meanwhile; and what came in and is not
    /// open any more has ended.
    public func rates(since earlier: ActivityReport) -> Rates? {
        let seconds = Double(takenAt - earlier.takenAt) / 1e6
        guard seconds > 0.001 else { return nil }
        func rate(_ count: Int64) -> Double { Double(max(0, count)) / seconds }
        let (received, issued) = (entries - earlier.entries, commands - earlier.commands)
        let ended = issued - (openCommands - earlier.openCommands)
        return Rates(
            received: rate(received), handled: rate(received - (openEntries - earlier.openEntries)),
            sent: rate(ended - max(0, unsentCommands - earlier.unsentCommands)), failed: rate(failedSinceLast))
    }
}
