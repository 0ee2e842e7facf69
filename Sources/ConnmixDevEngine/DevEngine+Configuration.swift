extension DevEngine {
    /// Which of the two forms of the protocol the engine speaks.
    public enum Dialect: String, Sendable, CaseIterable { case docs, php105 }

    /// What becomes of an end user's frame when the queue is full.
    public enum WhenFull: String, Sendable, CaseIterable {
        /// The frame is lost and counted.
        case drop
        /// The end user's connection is not read until there is room.
        case block
    }

    /// The form of `n` in events.
    public enum NodeField: String, Sendable, CaseIterable { case text, integer, omitted }

    /// The form of `c` in events.
    public enum ClientField: String, Sendable, CaseIterable { case text, number }

    /// What can be changed while the engine runs.
    public struct Settings: Sendable, Hashable {
        public var dialect = Dialect.docs
        /// Topics that end users' frames may name; the first is the default one.
        public var topics = ["chat"]
        /// Events a queue holds.
        public var topicSize = 2000
        /// Topics a node holds.
        public var maxTopics = 100
        public var whenFull = WhenFull.drop
        /// An API connection on which no text frame came in for so long is closed.
        public var readTimeout: Duration = .seconds(60)
        /// Whether a WebSocket ping counts as traffic too.
        public var pingResetsReadTimeout = false
        /// The context key that a frame of `op` `auth` or `userauth` waits for.
        public var authKey = "uid"
        /// A longer message of a consumer makes the engine close its connection with code 1009, in bytes.
        public var frameLimit = 64 << 20
        /// Where it is set, the connection waits after each frame that has a member `n`, until that context key has the value of
        /// `n`; then it sends `{"ack":n}` to the end user and goes on.
        public var acknowledgeKey: String?
        public var nodeField = NodeField.text
        public var clientField = ClientField.text
        /// Asked of consumers by the center and the nodes; nil asks for none.
        public var credentials: Credentials?
        /// Whether commands are kept for ``DevEngine/received()`` and ``DevEngine/applied()``.
        public var recording = true
        /// So many commands are kept in each of the two; the oldest go first.
        public var recordLimit = 100_000

        public init() {}
    }

    /// Where an engine listens and how it starts.
    public struct Configuration: Sendable, Hashable {
        public var host = "127.0.0.1"
        /// 0 takes a free port.
        public var centerPort = 0
        /// 0 takes free ports; otherwise node k (from 0) listens on `apiPort + 10 * k`.
        public var apiPort = 0
        /// 0 takes free ports; otherwise node k (from 0) listens on `chatPort + 10 * k`.
        public var chatPort = 0
        public var nodes: Int
        /// Path of the end users' WebSocket.
        public var chatPath = "/chat"
        /// nil is plain HTTP.
        public var tls: TLS?
        public var settings = Settings()

        public init(nodes: Int = 1, dialect: Dialect = .docs, topics: [String] = ["chat"]) {
            self.nodes = nodes
            self.settings.dialect = dialect
            self.settings.topics = topics
        }

        public var dialect: Dialect {
            get { self.settings.dialect }
            set { self.settings.dialect = newValue }
        }

        public var topics: [String] {
            get { self.settings.topics }
            set { self.settings.topics = newValue }
        }

        public var topicSize: Int {
            get { self.settings.topicSize }
            set { self.settings.topicSize = newValue }
        }

        public var whenFull: WhenFull {
            get { self.settings.whenFull }
            set { self.settings.whenFull = newValue }
        }

        public var readTimeout: Duration {
            get { self.settings.readTimeout }
            set { self.settings.readTimeout = newValue }
        }

        public var acknowledgeKey: String? {
            get { self.settings.acknowledgeKey }
            set { self.settings.acknowledgeKey = newValue }
        }

        public var authKey: String {
            get { self.settings.authKey }
            set { self.settings.authKey = newValue }
        }

        public var credentials: Credentials? {
            get { self.settings.credentials }
            set { self.settings.credentials = newValue }
        }
    }
}
