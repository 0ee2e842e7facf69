extension DevEngine {
    /// Which of the two forms of the protocol the engine speaks.
    public enum Dialect: String, Sendable, CaseIterable {
        /// As connmix documents it, from August 2022 on, the HTTP api for mesh commands included.
        case docs
        /// As engines of May 2022 and the PHP client 1.0.5 have it. There is no HTTP api.
        case php105
    }

    /// What becomes of an end user's frame when the queue is full.
    public enum WhenFull: String, Sendable, CaseIterable {
        /// The frame is lost and counted.
        case drop
        /// The end user's connection is not read until there is room.
        case block
    }

    /// The form of `n` in events.
    public enum NodeField: String, Sendable, CaseIterable {
        /// The node's id as a JSON string.
        case text
        /// The node's number in this mesh, from 1, as a JSON number; a restart keeps it.
        case integer
        /// There is no `n`.
        case omitted
    }

    /// The form of `c` in events.
    public enum ClientField: String, Sendable, CaseIterable {
        /// The client id as a JSON string.
        case text
        /// The client id as a JSON number, above 2^53.
        case number
    }

    /// What can be changed while the engine runs.
    public struct Settings: Sendable, Hashable {
        /// The form of commands that are understood, and of their answers.
        public var dialect = Dialect.docs
        /// Topics that end users' frames may name; the first is the default one.
        public var topics = ["chat"]
        /// Events a queue holds; 2,000 by default.
        public var topicSize = 2000
        /// Topics a node holds; 100 by default.
        public var maxTopics = 100
        /// What becomes of a frame that finds its queue full. By default it is lost and counted.
        public var whenFull = WhenFull.drop
        /// An API connection on which no text frame came in for so long is closed; a minute by default.
        public var readTimeout: Duration = .seconds(60)
        /// Whether a WebSocket ping counts as traffic too. Not by default.
        public var pingResetsReadTimeout = false
        /// The context key that a frame of `op` `auth` or `userauth` waits for. Once it is set, events have it as `uid`.
        /// `user_id` by default.
        public var authKey = "user_id"
        /// Whether the `data` of a frame whose text is a JSON object is that object, as the README of connmix's PHP client expects it
        /// for logging in, and not the text. Not by default.
        public var decodesFrames = false
        /// Whether the default topic gets events of `handshake` and `close` too, all events say which they are (`event`), and those
        /// of the handshake and of logging in have the `headers` of the end user's request: as connmix's chat example has it. Not by
        /// default.
        public var connectionEvents = false
        /// A longer message of a consumer makes the engine close its connection with code 1009, in bytes; 64 MiB by
        /// default.
        public var frameLimit = 64 << 20
        /// Where it is set, the connection waits after each frame that has a member `n`, until that context key has the value of
        /// `n`; then it sends `{"ack":n}` to the end user and goes on. nil, the default: no frame waits for that.
        public var acknowledgeKey: String?
        /// How events name their node. Events already queued keep their form.
        public var nodeField = NodeField.text
        /// How events name their end user. Events already queued keep their form.
        public var clientField = ClientField.text
        /// A notice tells of an end user who has waited for a context value for so long, and of a topic whose messages have;
        /// 5 s by default.
        public var patience: Duration = .seconds(5)
        /// Asked of consumers by the center and the nodes; nil asks for none.
        public var credentials: Credentials?
        /// Whether commands are kept for ``DevEngine/received()`` and ``DevEngine/applied()``. By default they are.
        public var recording = true
        /// So many commands are kept in each of the two; the oldest go first. 100,000 by default.
        public var recordLimit = 100_000

        /// The defaults: a connmix as its documentation has it, with the topic `chat` and no password.
        public init() {}
    }

    /// Where an engine listens and how it starts.
    public struct Configuration: Sendable, Hashable {
        /// The address that all ports are opened on; this machine's own by default.
        public var host = "127.0.0.1"
        /// The center's port; 0, the default, takes a free one.
        public var centerPort = 0
        /// The first node's port for consumers; node k (from 0) listens on `apiPort + 10 * k`. 0, the default, takes free ports.
        public var apiPort = 0
        /// The first node's port for end users; node k (from 0) listens on `chatPort + 10 * k`. 0, the default, takes free ports.
        public var chatPort = 0
        /// How many nodes it starts with; more can be added.
        public var nodes: Int
        /// Path of the end users' WebSocket; `/chat` by default.
        public var chatPath = "/chat"
        /// nil is plain HTTP.
        public var tls: TLS?
        /// What can be changed later, as it is at the start.
        public var settings = Settings()

        /// Free ports on this machine, without TLS; what is not named here has its defaults.
        public init(nodes: Int = 1, dialect: Dialect = .docs, topics: [String] = ["chat"]) {
            self.nodes = nodes
            self.settings.dialect = dialect
            self.settings.topics = topics
        }

        /// Of the settings: the form of commands and answers.
        public var dialect: Dialect {
            get { self.settings.dialect }
            set { self.settings.dialect = newValue }
        }

        /// Of the settings: what end users' frames may name; the first is the default one.
        public var topics: [String] {
            get { self.settings.topics }
            set { self.settings.topics = newValue }
        }

        /// Of the settings: events a queue holds.
        public var topicSize: Int {
            get { self.settings.topicSize }
            set { self.settings.topicSize = newValue }
        }

        /// Of the settings: what becomes of a frame when the queue is full.
        public var whenFull: WhenFull {
            get { self.settings.whenFull }
            set { self.settings.whenFull = newValue }
        }

        /// Of the settings: an API connection that is silent for so long is closed.
        public var readTimeout: Duration {
            get { self.settings.readTimeout }
            set { self.settings.readTimeout = newValue }
        }

        /// Of the settings: the context key that acknowledges frames; nil acknowledges none.
        public var acknowledgeKey: String? {
            get { self.settings.acknowledgeKey }
            set { self.settings.acknowledgeKey = newValue }
        }

        /// Of the settings: the context key that logging in waits for.
        public var authKey: String {
            get { self.settings.authKey }
            set { self.settings.authKey = newValue }
        }

        /// Of the settings: what consumers have to send; nil asks for nothing.
        public var credentials: Credentials? {
            get { self.settings.credentials }
            set { self.settings.credentials = newValue }
        }
    }
}
