/// What the transaction made of a commit's work: what its parts tell each other, and what memory is told after COMMIT.
struct CommitEffects {
    /// What became of a command from outside.
    enum Accepted {
        case new(Int64)
        /// Its key was there before, with a command that ended so, or waits.
        case known(Int64, Settlement?)
    }

    /// A command that a handler issued, with the outcome it came with.
    typealias Staged = (command: Command, outcome: HandlerOutcome)
    /// A command that ended in the file, without an outcome of its own.
    typealias Ended = (id: Int64, settlement: Settlement)

    /// Rows taken into the windows, in order.
    var entries: [Int64] = []
    var commands: [Int64] = []
    /// Commands of the outcomes that succeeded, in order.
    var staged: [Staged] = []
    /// Commands that acknowledge messages of this commit.
    var acknowledgements: [(command: Command, entry: Int64, node: String)] = []
    /// How many commands are new.
    var enqueued = 0
    /// One for each command from outside, in their order.
    var accepted: [Accepted] = []
    var superseded: [Ended] = []
    /// Commands whose time ran out while they waited in the file.
    var expired: [Ended] = []
    /// Commands that were to be written and that somebody else had ended.
    var endedByOthers: Set<Int64> = []
    /// The outcomes as they were committed: a handler's own writes may have failed.
    var outcomes: [HandlerOutcome] = []
    var unreadable: [(id: Int64, node: String, reason: String)] = []
    /// Claims of entries that were not waiting any more.
    var lostClaims: Set<Int64> = []
    /// Keys that were seen before, and the entry that had them first.
    var repeats: [(key: String, entry: Int64)] = []
    /// Messages that could not be acknowledged: the first one, how many, and why.
    var unacknowledged: (entry: Int64, messages: Int, reason: String)?
    /// Which connections the messages came from.
    var origins = MessageOrigins()
    /// Rows of the loss ledger.
    var losses = LossRows.Batch()
    /// How far the file was brought to a clock that was set back.
    var clockWalk: ClockWalk?
}
