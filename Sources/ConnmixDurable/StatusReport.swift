/// How a database and its consumer are doing.
public struct StatusReport: Sendable {
    public struct Consumer: Sendable {
        public let isRunning: Bool
        /// Of the running consumer.
        public let pid: Int32?
        /// When it took the file, in microseconds since 1970.
        public let since: Int64?
        /// Of the library, at the newest run.
        public let version: String?
        public let handlerVersion: String?
        /// Why nothing is taken, `nil` while it is.
        public let paused: String?
    }

    public struct Node: Sendable {
        public let id: String
        public let address: String
        public let state: NodeState
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

    public struct Database: Sendable {
        public let path: String
        public let bytes: Int64
        public let walBytes: Int64
        public let schemaVersion: Int64
        /// Of the newest run; `nil` before the first.
        public let synchronous: String?
    }

    public let consumer: Consumer
    /// Only while a consumer runs.
    public let nodes: [Node]
    /// What waits for which nodes, longest first; as of the consumer's last account, empty where none runs.
    public let waiting: [Waiting]
    /// Messages that were read and not committed, by the consumer's own word; 0 where none runs.
    public let atRisk: Int64
    /// The most there were in this run.
    public let atRiskHigh: Int64
    /// When the consumer said so, in microseconds since 1970: at most a second or so ago while it is alive. `nil` where none runs.
    public let atRiskUpdatedAt: Int64?
    /// What can be lost, in numbers and in words.
    public let lossBound: LossBound
    public let journal: [EntryState: Int64]
    public let outbox: [CommandState: Int64]
    /// When the oldest open entry was received.
    public let oldestEntry: Int64?
    /// When the oldest pending command was enqueued.
    public let oldestCommand: Int64?
    public let database: Database
    /// When this report was made, in microseconds since 1970.
    public let takenAt: Int64
}
