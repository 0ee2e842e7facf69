/// What is committed together: all that has gathered since the last commit. Touched only by the writer's thread.
struct CommitWork {
    /// Commands from outside handlers that are committed together, and whoever waits for that.
    struct Enqueue: Sendable {
        let number: Int
        let commands: [Command]
        /// A receipt for each of them. Who waits hears the first result alone.
        let finish: @Sendable (Result<[Receipt], any Error>) -> Void
    }

    var outcomes: [HandlerOutcome] = []
    var arrivals: [ReceivedMessage] = []
    var enqueues: [Enqueue] = []
    var changes: [Relay.Change] = []
    /// Waiting entries that are to be handled now, ascending.
    var claims: [Int64] = []
    /// Claimed entries that are not going to be handled now, ascending.
    var releases: [Int64] = []
    /// When it was taken, by the steady clock.
    var takenAt: Int64 = 0

    /// Nobody needs this commit; it only looks at the file.
    var isEmpty: Bool {
        outcomes.isEmpty && arrivals.isEmpty && enqueues.isEmpty && changes.isEmpty && claims.isEmpty && releases.isEmpty
    }
}
