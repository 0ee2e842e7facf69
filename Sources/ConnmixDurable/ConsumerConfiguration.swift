public import CoreMetrics
public import Tracing

/// What a consumer needs to know. Every value has a default but the topics.
///
/// Values are checked when the consumer starts: ``ConnmixConsumer/run()`` throws `invalidConfiguration`, which names the value and its range.
public struct ConsumerConfiguration: Sendable {
    /// The database file. It is created, with mode 0600, where it is missing.
    public var database: String
    /// The centers: `host:port`, `http://` or `https://` before it, and `user:password@` (percent-encoded) before the host.
    ///
    /// They are asked in turn until one names nodes. With `https` the nodes' WebSockets use TLS too; user and password go to the
    /// center and to the nodes that it lists, and are never shown.
    public var centers: [String]
    /// The queues to pop: 1 to 100 names of 1 to 1,024 bytes, none of them twice.
    public var topics: [String]

    /// How many handlers run at once. 1 to 10,000; 64 by default.
    public var concurrency = 64
    package static let concurrencyLimit = 10_000
    /// Handlers are processes of their own, so no message of theirs can end this one: after a crash none is suspect.
    package var handlersAreProcesses = false
    /// How many of them run at once, where that is less than `concurrency`: the others wait for their turn.
    package var processes: Int?
    /// What is known of handlers that run elsewhere.
    package var handlerStanding: HandlerStanding?
    /// How long a commit waits for company, even while a handler has nothing to do: messages, and the outcomes of handlers that
    /// succeeded, so that several share one flush of the disk. 0 to 100 ms.
    ///
    /// Messages are at risk for so much longer (P7), still at most `atRiskLimit` of them: where so many have come that nodes are asked to
    /// pause, the commit begins at once. Handlers start, and answers leave, so much later. Commands from outside handlers
    /// and failures do not wait. The default, 0, hands each message over as soon as it is on disk.
    public var commitDelay: Duration = .zero
    /// When a commit counts as done. By default when it is on disk.
    public var synchronous = Synchronous.full
    /// Which messages are handled one after the other. By default those of one end user.
    public var lanes = Lanes.client
    /// Drops repeats of messages by a key; `nil`: every message is handled.
    public var dedupe: Dedupe?
    /// Tells end users' connections which messages are safe; `nil`: nobody is told.
    public var acknowledge: Acknowledgement?
    /// When a message whose handler failed is handled again. The default tries ten times, with pauses from 100 ms up to 30 s.
    public var retry = RetryPolicy()
    /// Another policy for certain errors; `nil` from it means `retry`. Runs after each failure, on any thread.
    public var retryForError: @Sendable (any Error) -> RetryPolicy? = { _ in nil }
    /// After so many attempts in a row, at different messages of a topic, that failed for one cause the topic is probed: its messages are
    /// tried one at a time, with growing pauses up to 30 s, until one succeeds. No attempt counts meanwhile, so none is buried. Failures
    /// that a handler calls permanent do not count, nor retries that it asks for after more than 30 s. 0: never; otherwise 2 to 10,000;
    /// 20 by default.
    public var probeAfter = 20
    /// How long one attempt may take. When it passes, the handler's task is cancelled and the attempt has failed. A handler that
    /// does not heed cancellation keeps its lane closed until it returns. 1 ms to a day; `nil`, the default: no limit.
    public var attemptTimeout: Duration?
    /// When a command that the engine refused is sent again.
    public var commandRetry = CommandRetryPolicy()
    /// How many commands of one lane, or to one target, may be in flight at once, on one connection. With more than one, order within
    /// them holds as long as the connection does; after a lost one it is not promised. 1 to 64; 1 by default.
    public var laneWindow = 1
    /// How long finished entries and commands are kept. The default keeps everything.
    public var retention = Retention()
    /// Kept with each run, to tell later which code handled an entry.
    public var handlerVersion: String?

    /// The group whose members may read and write the file, too (mode 0660): programs of other users push into its outbox and look at
    /// it. `nil`: its owner only.
    public var fileGroup: String?

    /// Where metrics go; `nil`: to what `MetricsSystem` was bootstrapped with.
    public var metrics: (any MetricsFactory)?
    /// Where spans go; `nil`: to what `InstrumentationSystem` was bootstrapped with.
    public var tracer: (any Tracer)?

    /// How many messages may be read and not committed yet, before reading stops. At an eighth of it nodes are asked to pause.
    /// 64 to 10,000,000; 32,768 by default.
    public var atRiskLimit = 32_768
    /// How many bytes these messages may have; the same holds for them. A single message may be larger. At least 65,536;
    /// 64 MiB by default.
    public var atRiskBytes = 64 << 20
    /// How many entries may be open in the file, those that wait for a retry or in a parked lane included, before nodes are asked to
    /// pause. They go on below seven eighths of it. Looked at once a second, and what is under way is still taken, so the backlog
    /// may grow past it by that. At least 1; `nil`, the default: any number.
    public var backlogLimit: Int?
    /// How many bytes stay free on the file's file system: with less, nodes are asked to pause before the disk is full, and what is
    /// journaled is still handled. They go on with a quarter more. The default, 64 MiB, is what the log holds before it is
    /// checkpointed, and that once more in the file. 0: no such limit.
    public var diskHeadroom = 64 << 20
    /// How many entries, and how many commands, are kept in memory; the rest waits in the file. 64 to 1,000,000; 4,096 by default.
    public var windowCapacity = 4_096
    /// How many bytes these entries, and these commands, may have. A single one may be larger. At least 65,536; 64 MiB by
    /// default.
    public var windowBytes = 64 << 20

    /// How often the center is asked for the nodes. 1 ms to a day; 10 s by default.
    public var directoryRefresh: Duration = .seconds(10)
    /// Whom to trust behind `https`, and what to show of oneself.
    public var tls = TLSOptions()
    /// Where a node is reached that the center lists under an address of its own network. The default changes nothing.
    /// Runs for each entry of a center's list, on the network's thread; it must be quick.
    public var rewriteAddress: @Sendable (NodeAddress) -> NodeAddress = { $0 }
    /// For name lookup, connecting, TLS and upgrading together; for each question to the center too. 1 ms to a day; 5 s by
    /// default.
    public var connectTimeout: Duration = .seconds(5)
    /// Whether `meshSend` and `meshPublish` go by the engine's HTTP api while no WebSocket to any node is open and a node answers
    /// there. Nothing is popped that way, and calls wait for their node's WebSocket. Not by default.
    public var httpFallback = false
    /// After this an unanswered command is sent again. 1 ms to a day; 10 s by default.
    public var replyTimeout: Duration = .seconds(10)
    /// How often a quiet connection is pinged; one silent for two intervals is dead. 1 ms to a day; 20 s by default.
    public var pingInterval: Duration = .seconds(20)
    /// The first pause before a reconnect; it grows with full jitter up to `backoffCap`. 1 ms to a day; 100 ms by default.
    public var backoffBase: Duration = .milliseconds(100)
    /// No pause before a reconnect is longer. 1 ms to a day; 30 s by default.
    public var backoffCap: Duration = .seconds(30)
    /// How long a node may be missing from the center before calls to its clients are dead. 0 to a day; 30 s by default.
    public var nodeGrace: Duration = .seconds(30)
    /// How long running handlers may take when the consumer stops; then they are cancelled. 0 to a day; 30 s by default.
    public var shutdownGrace: Duration = .seconds(30)
    /// How long the outbox may take to empty when the consumer stops. What is left is sent after the next start.
    /// 0 to a day; 10 s by default.
    public var drain: Duration = .seconds(10)

    /// The rest has its defaults. Nothing is checked here: ``ConnmixConsumer/run()`` throws `invalidConfiguration`.
    public init(
        database: String = "connmix-durable.sqlite3", centers: [String] = ["127.0.0.1:6787"], topics: [String]
    ) {
        self.database = database
        self.centers = centers
        self.topics = topics
    }

    /// Looks whether a consumer could start with it, as far as the values say.
    ///
    /// - Parameter name: what a property is called where it was set.
    /// - Throws: `invalidConfiguration`, naming the value and what it may be.
    package func check(name: (String) -> String) throws(ConnmixError) {
        _ = try validate(name: name)
    }

    /// - Throws: `invalidConfiguration`, naming the value and what it may be.
    ///
    /// - Parameter name: what a property is called where it was set; by default by its own name.
    func validate(name: (String) -> String = { $0 }) throws(ConnmixError) -> [CenterAddress] {
        func require(_ isFit: Bool, _ what: String) throws(ConnmixError) {
            guard isFit else { throw ConnmixError(.invalidConfiguration, what) }
        }
        try require(!topics.isEmpty, "no topic is named; name at least one to consume")
        try require(topics.count <= 100, "\(topics.count) topics are named; connmix takes at most 100")
        try require(Set(topics).count == topics.count, "a topic is named twice: \(topics.joined(separator: ", "))")
        for topic in topics {
            try require(!topic.isEmpty && topic.utf8.count <= 1_024, "a topic's name must have 1 to 1024 bytes")
        }
        try require(!centers.isEmpty, "no center is named; name one as host:port")
        try require(
            (1...Self.concurrencyLimit).contains(concurrency),
            "\(name("concurrency")) is \(concurrency); it may be 1 to \(Self.concurrencyLimit)")
        try require(retry.maxAttempts >= 1, "\(name("maxAttempts")) is \(retry.maxAttempts); it must be at least 1")
        try require(
            probeAfter == 0 || (2...10_000).contains(probeAfter),
            "\(name("probeAfter")) is \(probeAfter); it may be 0 for never, or 2 to 10000")
        try require((64...10_000_000).contains(atRiskLimit), "\(name("atRiskLimit")) is \(atRiskLimit); it may be 64 to 10000000")
        try require(windowBytes >= 65_536, "\(name("windowBytes")) is \(windowBytes); it must be at least 65536")
        try require(atRiskBytes >= 65_536, "\(name("atRiskBytes")) is \(atRiskBytes); it must be at least 65536")
        if let backlogLimit {
            try require(
                backlogLimit >= 1, "\(name("backlogLimit")) is \(backlogLimit); leave it out for no limit, or give at least 1")
        }
        try require(diskHeadroom >= 0, "\(name("diskHeadroom")) is \(diskHeadroom); it may be 0 for none, or more")
        try require(
            (64...1_000_000).contains(windowCapacity), "\(name("windowCapacity")) is \(windowCapacity); it may be 64 to 1000000")
        try require(
            commandRetry.maxUnreachableAnswers >= 1,
            "\(name("commandRetry.maxUnreachableAnswers")) is \(commandRetry.maxUnreachableAnswers); it must be at least 1")
        try require((1...64).contains(laneWindow), "\(name("laneWindow")) is \(laneWindow); it may be 1 to 64")
        let durations: [(String, Duration)] = [
            ("directoryRefresh", directoryRefresh), ("connectTimeout", connectTimeout), ("replyTimeout", replyTimeout),
            ("pingInterval", pingInterval), ("backoffBase", backoffBase), ("backoffCap", backoffCap),
            ("retry.base", retry.base), ("retry.cap", retry.cap), ("commandRetry.base", commandRetry.base),
            ("commandRetry.cap", commandRetry.cap), ("commandRetry.unreachablePause", commandRetry.unreachablePause),
        ]
        for (property, duration) in durations {
            try require(
                duration >= .milliseconds(1) && duration <= .seconds(86_400),
                "\(name(property)) is \(duration.text); it may be 1 ms to 1 day")
        }
        for (property, duration) in [("nodeGrace", nodeGrace), ("shutdownGrace", shutdownGrace), ("drain", drain)] {
            try require(
                duration >= .zero && duration <= .seconds(86_400), "\(name(property)) is \(duration.text); it may be 0 to 1 day")
        }
        try require(
            commitDelay >= .zero && commitDelay <= .milliseconds(100),
            "\(name("commitDelay")) is \(commitDelay.text); it may be 0 to 100 ms")
        if let age = retention.age {
            try require(
                age >= .zero && age <= .seconds(3_650 * 86_400),
                "\(name("retention.age")) is \(age.text); it may be 0 to ten years")
        }
        if let bytes = retention.bytes {
            try require(
                bytes == 0 || bytes >= 1 << 20,
                "\(name("retention.bytes")) is \(bytes); it may be 0 to keep everything, or at least 1048576")
        }
        if let dedupe {
            try require(
                dedupe.window >= .seconds(1) && dedupe.window <= .seconds(365 * 86_400),
                "\(name("dedupe.window")) is \(dedupe.window.text); it may be 1 s to 1 year")
        }
        if let acknowledge {
            try require(
                !acknowledge.key.isEmpty && acknowledge.key.utf8.count <= 1_024,
                "the acknowledgement's key must have 1 to 1024 bytes")
        }
        if let attemptTimeout {
            try require(
                attemptTimeout >= .milliseconds(1) && attemptTimeout <= .seconds(86_400),
                "\(name("attemptTimeout")) is \(attemptTimeout.text); it may be 1 ms to 1 day")
        }
        var addresses: [CenterAddress] = []
        for center in centers { addresses.append(try CenterAddress(center)) }
        let secure = addresses.count { $0.isSecure }
        try require(
            secure == 0 || secure == addresses.count,
            "some centers are https:// and some are not; it decides how nodes are spoken to, so write all of them alike")
        try require(
            secure > 0 || tls.isDefault, "tls is set, but no center is https://; write https:// before the centers' addresses")
        return addresses
    }
}

/// Centers may hold a password: it is not printed with the rest.
extension ConsumerConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// One line for people: topics, centers and database, without users and passwords.
    public var description: String {
        let centers = centers.map { Quoted.address($0) }.joined(separator: ", ")
        return "a consumer of \(topics.joined(separator: ", ")) at \(centers) with \(database)"
    }
    /// The same as `description`: a debugger or a failed test prints no password either.
    public var debugDescription: String { description }
    /// `description` and nothing else, so that `dump` prints no password either.
    public var customMirror: Mirror { Mirror(self, children: ["summary": description]) }
}
