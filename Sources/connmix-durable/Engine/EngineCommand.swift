import ArgumentParser
import ConnmixDevEngine

/// `connmix-durable engine`
struct EngineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "The development engine: a center and nodes in memory. Not for production.",
        discussion: """
            Example:  connmix-durable engine --nodes 2 --topic chat
            End users connect to the chat address, path /chat (connmix-durable enduser); node 1 listens on the ports that are named,
            node 2 ten higher, and so on. What it does with which frames is said on stderr at the start; later what looks like a
            mistake: context values that nobody waits for, end users who wait for long, consumers of the other dialect.
            While it runs, engine node adds, removes, restarts and cuts nodes.
            """,
        subcommands: [EngineNodeCommand.self])

    @Option(help: "How many nodes.")
    var nodes = 1
    @Option(parsing: .upToNextOption, help: "Topics; the first takes what names no other. Default: chat.")
    var topic: [String] = ["chat"]
    @Option(help: "The center's port; 0 picks a free one.")
    var centerPort = 6787
    @Option(help: "The first node's API port; 0 picks free ones.")
    var apiPort = 6789
    @Option(help: "The first node's port for end users; 0 picks free ones.")
    var chatPort = 6790
    @Option(help: "docs: as documented. php105: as engines of May 2022.")
    var dialect = DevEngine.Dialect.docs
    @Option(help: "How many messages a queue holds.")
    var topicSize = 2000
    @Option(
        help: ArgumentHelp(
            "After a frame with a member n the connection waits until this context value is n, and answers {\"ack\":n}.",
            valueName: "key"))
    var acknowledge: String?
    @Option(
        help: ArgumentHelp(
            "After a frame of op auth or userauth the connection waits until this context value is set.", valueName: "key"))
    var authKey = "user_id"
    @Flag(help: "Push a text that is a JSON object as that object, as the login of the old PHP client's README expects it.")
    var decodeFrames = false
    @Flag(help: "Also push events of handshake and close, with headers, as connmix's chat example does.")
    var connectionEvents = false
    @OptionGroup(title: "Faults") var faults: FaultOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...1_000).contains(nodes) else { throw ValidationError("--nodes is \(nodes); it may be 1 to 1000") }
        guard topicSize > 0 else { throw ValidationError("--topic-size is \(topicSize); it must be at least 1") }
        for port in [centerPort, apiPort, chatPort] where !(0...65_535).contains(port) {
            throw ValidationError("there is no port \(port); name one from 0 to 65535")
        }
        for (name, first) in [("--api-port", apiPort), ("--chat-port", chatPort)] where first + 10 * (nodes - 1) > 65_535 {
            throw ValidationError("\(nodes) nodes from \(name) \(first) on end above port 65535; name a lower one, or 0")
        }
    }

    func run() async throws {
        // Each end user is a connection.
        DescriptorLimit.raise()
        let engine = try await start()
        do {
            try await faults.add(to: engine)
            try StandardOutput().write(output.json ? json(engine) : text(engine))
            for line in rules.lines { StandardError.write(line: line) }
            async let told: Void = Self.tell(engine.notices)
            await StopSignals.first()
            try await engine.shutdown()
            await told
        } catch {
            try await engine.shutdown()
            throw error
        }
    }

    private var rules: EngineRules {
        EngineRules(
            topics: topic, authKey: authKey, acknowledgeKey: acknowledge, decodesFrames: decodeFrames,
            connectionEvents: connectionEvents,
            dialect: dialect)
    }

    /// Until the engine is shut down.
    private static func tell(_ notices: AsyncStream<DevEngine.Notice>) async {
        for await notice in notices { StandardError.write(line: EngineRules.line(notice)) }
    }

    private func start() async throws -> DevEngine {
        var configuration = DevEngine.Configuration(nodes: nodes, dialect: dialect, topics: topic)
        configuration.centerPort = centerPort
        configuration.apiPort = apiPort
        configuration.chatPort = chatPort
        configuration.topicSize = topicSize
        configuration.acknowledgeKey = acknowledge
        configuration.authKey = authKey
        configuration.settings.connectionEvents = connectionEvents
        configuration.settings.decodesFrames = decodeFrames
        do {
            return try await DevEngine.start(configuration)
        } catch let error as DevEngineError where error.code != .portInUse {
            throw error
        } catch {
            let reason = (error as? DevEngineError)?.message ?? "\(error)"
            throw Failure(
                .cannotCreate,
                "cannot listen: \(reason); choose other ports with --center-port, --api-port and --chat-port, or 0 for free ones")
        }
    }

    private func text(_ engine: DevEngine) -> [UInt8] {
        var sheet = FactSheet()
        sheet.add("center", engine.center, .bold)
        for (number, node) in zip(1..., engine.nodes) {
            sheet.add("node \(number) \(node.id)", "api \(node.api)  end users ws://\(node.chat)/chat")
        }
        return Array(sheet.text(.output).utf8)
    }

    private func json(_ engine: DevEngine) -> [UInt8] {
        JSONWriter.line { writer in
            writer.key("center"); writer.string(engine.center)
            writer.key("nodes")
            writer.array(zip(1..., engine.nodes)) { writer, entry in
                let (number, node) = entry
                writer.object { writer in
                    writer.key("number"); writer.integer(number)
                    writer.key("id"); writer.string(node.id)
                    writer.key("api"); writer.string(node.api)
                    writer.key("chat"); writer.string(node.chat)
                }
            }
        }
    }
}
