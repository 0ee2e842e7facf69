/// How a database and its consumer are doing.
public struct StatusReport: Sendable {
    /// The process that owns the file.
    public struct Consumer: Sendable {
        /// Whether a process holds the file's lock at this moment.
        public let isRunning: Bool
        /// Of the running consumer.
        public let pid: Int32?
        /// When it took the file, in microseconds since 1970.
        public let since: Int64?
        /// How the newest run ended; `nil` while one goes on, and where no consumer has ever run on the file.
        public internal(set) var ended: Ended?
        /// Of the library, at the newest run.
        public let version: String?
        /// ``ConsumerConfiguration/handlerVersion`` at the newest run; `nil` where none was set, or there was no run yet.
        public let handlerVersion: String?
        /// Why nothing is taken, `nil` while it is.
        public let paused: String?
    }

    /// Why no handler can run. Messages wait, and lose no attempt by it.
    public struct HandlerTrouble: Sendable, Equatable {
        /// As the log says it, with the beginning of what the handler printed.
        public let reason: String
        /// In microseconds since 1970.
        public let since: Int64
    }

    /// Why the centers name no nodes. Those that are known are kept.
    public struct CenterTrouble: Sendable, Equatable {
        /// As the log says it.
        public let reason: String
        /// In microseconds since 1970.
        public let since: Int64
    }

    /// Handlers that do not come back: each of them has had one message for more than half a minute.
    public struct Held: Sendable, Equatable {
        /// One of them.
        public struct Message: Sendable, Equatable {
            /// ``JournalRecord/id``.
            public let entry: Int64
            /// When its handler took it, in microseconds since 1970.
            public let since: Int64
        }

        /// How many handlers hold one.
        public let count: Int64
        /// How many handlers there are.
        public let handlers: Int64
        /// The longest first; no more than five.
        public let messages: [Message]

        /// Nothing is handled any more until one of them comes back.
        public var isAll: Bool { count >= handlers }
    }

    /// What the consumer does with which messages.
    struct Work: Sendable, Equatable {
        var topics: [String] = []
        var centers: [String] = []
        var centerTrouble: CenterTrouble?
        var handler: String?
        var trouble: HandlerTrouble?
        var held: Held?
        var probed: [ProbedTopic] = []
    }

    /// A node as the running consumer sees it.
    public struct Node: Sendable {
        /// As the center lists it: new after each start of the node.
        public let id: String
        /// `host:port` as it is connected to, after ``ConsumerConfiguration/rewriteAddress``.
        public let address: String
        /// As of the consumer's last account, a second or so ago.
        public let state: NodeState
        /// Why it is not consumed, in words for people, as its row of the loss ledger says it; `nil` where it is consumed.
        public internal(set) var reason: String?
        /// Since when it is not consumed, in microseconds since 1970; `nil` where it is.
        public internal(set) var notConsumedSince: Int64?

        init(id: String, address: String, state: NodeState) {
            (self.id, self.address, self.state) = (id, address, state)
        }
    }

    /// Commands whose lanes wait for a node that cannot be reached.
    public struct Waiting: Sendable, Equatable {
        /// Its id; several, with commas between, where any of them may hold the client that the commands are for.
        public let node: String
        /// Since when it is away, in microseconds since 1970.
        public let since: Int64
        /// Those that are for it, and those behind them in their lanes.
        public let commands: Int64
    }

    /// The file.
    public struct Database: Sendable {
        /// As it was given to ``Inspector``.
        public let path: String
        /// The file's size on disk, without its log.
        public let bytes: Int64
        /// The size of its log, the file beside it that ends in `-wal`; 0 where there is none.
        public let walBytes: Int64
        /// The number of the newest migration that was applied to it.
        public let schemaVersion: Int64
        /// Of the newest run; `nil` before the first.
        public let synchronous: String?
    }

    /// Who owns the file, and whether it takes messages.
    public let consumer: Consumer
    /// The queues that the running consumer pops; empty where none runs.
    public let topics: [String]
    /// The running consumer's handler, as `connmix-durable consume` was told of it: `--worker php worker.php`. `nil` for handlers in
    /// Swift, and where no consumer runs.
    public let handler: String?
    /// Why handlers cannot run; `nil` where they can, or no consumer runs.
    public let handlerTrouble: HandlerTrouble?
    /// Handlers that do not come back; `nil` where there are none, or no consumer runs. As of the consumer's last account, a second or so ago.
    public let held: Held?
    /// Where the running consumer asks for nodes, as it was told of them, without user and password; empty where none runs.
    public let centers: [String]
    /// Why the centers name no nodes; `nil` where they do, or no consumer runs.
    public let centerTrouble: CenterTrouble?
    /// What operators have paused, by topic.
    public let paused: [TopicPause]
    /// Topics whose messages are tried one at a time, since their handlers fail; empty where no consumer runs.
    public let probed: [ProbedTopic]
    /// Only while a consumer runs.
    public let nodes: [Node]
    /// What waits for which nodes, longest first; as of the consumer's last account, empty where none runs.
    public let waiting: [Waiting]
    /// Messages that were read and not committed, by the consumer's own word; 0 where none runs.
    public let atRisk: Int64
    /// The most there were in this run.
    public let atRiskHigh: Int64
    /// When the consumer said so, in microseconds since 1970: at most a second or so ago while it is alive. `nil` where none runs, and
    /// while one that has the file opens it.
    public let atRiskUpdatedAt: Int64?
    /// What can be lost, in numbers and in words.
    public let lossBound: LossBound
    /// How many entries are in each state; every state is there, also with 0.
    public let journal: [EntryState: Int64]
    /// How many commands are in each state; every state is there, also with 0.
    public let outbox: [CommandState: Int64]
    /// When the oldest open entry was received.
    public let oldestEntry: Int64?
    /// When the oldest pending command was enqueued.
    public let oldestCommand: Int64?
    /// The file's path, sizes and schema.
    public let database: Database
    /// When this report was made, in microseconds since 1970.
    public let takenAt: Int64
}
