public import ArgumentParser
public import ConnmixDurable
public import Logging

/// How `consume` works; everything but the topics and the handler has a default.
struct ConsumeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            A center: host:port, http:// or https:// before it, user:password@ before the host. May be repeated. \
            Default: $CONNMIX_CENTER, else 127.0.0.1:6787. A password is safer there, where other users cannot list it.
            """, valueName: "url"))
    var center: [String] = []
    @Option(
        help: ArgumentHelp("The authorities to trust behind https://, in PEM form. Default: the system's.", valueName: "file"))
    var ca: String?
    @Option(
        help: ArgumentHelp(
            """
            Reach nodes elsewhere than the center says: HOST=HOST, HOST:PORT=HOST:PORT, or *=HOST. May be repeated. Default: as \
            the center says.
            """,
            valueName: "from=to"))
    var rewrite: [RewriteRule] = []
    @Option(
        help: """
            How many handlers run at once: processes of --exec, or workers. (the number of cores, at least 2; with --echo 64)
            """)
    var concurrency: Int?
    @Option(help: "Attempts after which a message is dead. (10)")
    var maxAttempts: Int?
    @Option(help: "Seconds an attempt of --exec or --worker may take. Default: no limit.")
    var timeout: Seconds?
    @Option(
        help: """
            Seconds, up to 0.1, that a commit waits for company even while a handler has nothing to do: fewer flushes of the disk, and \
            messages are at risk for so much longer. (0)
            """)
    var commitDelay: Seconds?
    @Option(help: "full: committed is on disk. normal: committed survives the process.")
    var synchronous = Synchronous.full
    @Option(help: "Kept with what this run handles. Default: none.")
    var handlerVersion: String?
    @Option(
        help: ArgumentHelp(
            """
            Serve /metrics, /health and /ready there. Without a host only this machine is served; port 0 picks a free one. \
            Default: nowhere.
            """,
            valueName: "host:port"))
    var metrics: MetricsAddress?
    @Option(
        help: ArgumentHelp(
            """
            Take commands from other programs there, over HTTP: POST /v1/mesh/send, /v1/mesh/publish, /v1/command. Without a host only \
            this machine is served.
            """, valueName: "host:port"))
    var listen: MetricsAddress?
    @Option(
        help: ArgumentHelp("The token that callers of --listen name, in a file. Needed beyond this machine.", valueName: "file"))
    var listenTokenFile: String?
    @Option(
        help: ArgumentHelp(
            """
            Serve the console there, a page that shows what status, journal and outbox show; it changes nothing (for that there is web \
            --allow-changes). Without a host only this machine is served; port 0 picks a free one.
            """, valueName: "host:port"))
    var web: MetricsAddress?
    @Option(
        help: ArgumentHelp("The token that the console asks for, in a file. Needed beyond this machine.", valueName: "file"))
    var webTokenFile: String?
    @Option(
        help: ArgumentHelp(
            "A group whose members may read and write the database, too. Its files get mode 0660.", valueName: "name"))
    var group: String?
    @Option(help: "text, json, or journal (levels as systemd's journal reads them), on stderr.")
    var logFormat = LogFormat.text
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    @Option(help: "Seconds between looks at the center. (10)")
    var directoryRefresh: Seconds?
    @Option(help: "Seconds for connecting to a node. (5)")
    var connectTimeout: Seconds?
    @Option(help: "Seconds after which an unanswered command is sent again. (10)")
    var replyTimeout: Seconds?
    @Option(help: "Seconds between pings; silence for two intervals is death. (20)")
    var pingInterval: Seconds?
    @Option(help: "Seconds of the first pause before anything is tried again. (0.1)")
    var backoffBase: Seconds?
    @Option(help: "Seconds of the longest pause. (30)")
    var backoffCap: Seconds?
    @Option(help: "Seconds a node may be missing before calls to its clients are dead. (30)")
    var nodeGrace: Seconds?
    @Option(help: "Seconds running handlers may take at the end. (30)")
    var shutdownGrace: Seconds?
    @Option(help: "Seconds the outbox may take to empty at the end. (10)")
    var drain: Seconds?
    @Option(help: "Commands of one lane that may be in flight at once, on one connection, 1 to 64. (1)")
    var laneWindow: Int?
    @Option(help: "Messages that may be read and not committed yet. (32768)")
    var atRiskLimit: Int?
    @Option(help: "Bytes these messages may have. (67108864)")
    var atRiskBytes: Int?
    @Option(help: "Open entries above which nothing more is taken. Default: no limit.")
    var backlogLimit: Int?
    @Option(help: "Bytes that stay free on the disk: with less, nothing more is taken. 0: no such limit. (67108864)")
    var diskHeadroom: Int?

    @OptionGroup(title: "Commands") var commands: SentCommandOptions
    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if let timeout, timeout.duration == .zero {
            throw ValidationError("--timeout is 0; give it some time, or leave it out for no limit")
        }
        if let commitDelay, commitDelay.duration > .milliseconds(100) {
            throw ValidationError("--commit-delay is \(commitDelay); it may be 0 to 0.1 seconds")
        }
        try check("--backoff", backoffBase ?? Self.base, backoffCap ?? Self.cap)
        if messages.retryBase != nil || messages.retryCap != nil {
            try check("--retry", messages.retryBase ?? backoffBase ?? Self.base, messages.retryCap ?? backoffCap ?? Self.cap)
        }
    }

    /// The library's defaults.
    private static let base = Seconds(0, tenths: 1)
    private static let cap = Seconds(30)

    private func check(_ name: String, _ base: Seconds, _ cap: Seconds) throws {
        guard base.duration <= cap.duration else {
            throw ValidationError("\(name)-base is \(base) and \(name)-cap is \(cap); the first pause cannot be the longer one")
        }
    }

    /// The flag that sets a property; where no rule makes it of the name, it stands here.
    private static func flag(of property: String) -> String {
        switch property {
        case "commandRetry.base": "--backoff-base"
        case "commandRetry.cap": "--backoff-cap"
        case "commandRetry.maxUnreachableAnswers": "--gone-tries"
        case "retention.bytes": "--retention-size"
        default:
            "--"
                + property.map { $0 == "." ? "-" : $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
        }
    }

    /// - Throws: `invalidConfiguration`, naming the flag and what it may be.
    func configuration(database: String, topics: [String]) throws -> ConsumerConfiguration {
        let centers = center.isEmpty ? [DatabaseOptions.environment("CONNMIX_CENTER") ?? "127.0.0.1:6787"] : center
        var configuration = ConsumerConfiguration(database: database, centers: centers, topics: topics)
        configuration.tls.trustRoots = ca
        configuration.rewriteAddress = { [rewrite] address in RewriteRule.rewrite(address, by: rewrite) }
        if let concurrency { configuration.concurrency = concurrency }
        if let maxAttempts { configuration.retry.maxAttempts = maxAttempts }
        if let commitDelay { configuration.commitDelay = commitDelay.duration }
        configuration.synchronous = synchronous
        configuration.handlerVersion = handlerVersion
        configuration.fileGroup = group
        if let directoryRefresh { configuration.directoryRefresh = directoryRefresh.duration }
        if let connectTimeout { configuration.connectTimeout = connectTimeout.duration }
        if let replyTimeout { configuration.replyTimeout = replyTimeout.duration }
        if let pingInterval { configuration.pingInterval = pingInterval.duration }
        if let backoffBase {
            configuration.backoffBase = backoffBase.duration
            configuration.retry.base = backoffBase.duration
            configuration.commandRetry.base = backoffBase.duration
        }
        if let backoffCap {
            configuration.backoffCap = backoffCap.duration
            configuration.retry.cap = backoffCap.duration
            configuration.commandRetry.cap = backoffCap.duration
        }
        messages.apply(to: &configuration)
        commands.apply(to: &configuration)
        if let nodeGrace { configuration.nodeGrace = nodeGrace.duration }
        if let shutdownGrace { configuration.shutdownGrace = shutdownGrace.duration }
        if let drain { configuration.drain = drain.duration }
        if let laneWindow { configuration.laneWindow = laneWindow }
        if let atRiskLimit { configuration.atRiskLimit = atRiskLimit }
        if let atRiskBytes { configuration.atRiskBytes = atRiskBytes }
        if let backlogLimit { configuration.backlogLimit = backlogLimit }
        if let diskHeadroom { configuration.diskHeadroom = diskHeadroom }
        try configuration.check { Self.flag(of: $0) }
        return configuration
    }
}

extension Synchronous: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
