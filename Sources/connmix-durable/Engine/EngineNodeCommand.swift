import ArgumentParser

/// `connmix-durable engine node`
struct EngineNodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "Acts on the nodes of a running development engine.",
        discussion: """
            Example:  connmix-durable engine node restart 2
            Nodes are named by their number, from 1, or their id. Only from the machine that the engine runs on.
            """,
        subcommands: [
            EngineNodeList.self, EngineNodeAdd.self, EngineNodeRemove.self, EngineNodeRestart.self, EngineNodeCut.self,
            EngineNodeHeal.self,
        ])
}

/// Which engine, and in which form.
struct EngineControlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The development engine's center, host:port. Default: $CONNMIX_CENTER, else 127.0.0.1:6787.", valueName: "url"))
    var center: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        _ = try control()
    }

    func control() throws -> EngineControl {
        let name = center ?? DatabaseOptions.environment("CONNMIX_CENTER") ?? "127.0.0.1:6787"
        guard let control = EngineControl(center: name) else {
            throw ValidationError("--center is \(name); a development engine's is host:port or http://host:port")
        }
        return control
    }

    /// Says what was done.
    func show(_ node: EngineControl.Node, _ words: (EngineControl.Node) -> String) throws {
        try StandardOutput().write(output.json ? node.json : Array(words(node).escapedForTerminal.utf8) + [0x0A])
    }
}

/// Which node.
struct EngineNodeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("Its number, from 1, or its id.", valueName: "n"))
    var node: String
}

/// `connmix-durable engine node list`
struct EngineNodeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The nodes, those that the center does not list any more, too.",
        discussion: "Example:  connmix-durable engine node list")

    @OptionGroup var options: EngineControlOptions

    func run() async throws {
        let nodes = try await options.control().nodes()
        guard !options.output.json else { return try StandardOutput().write(nodes.flatMap(\.json)) }
        var table = Table([
            .init(title: "NODE", isNumber: true), .init(title: "id"), .init(title: "api"), .init(title: "end users at"),
            .init(title: "end users", isNumber: true), .init(title: "consumers", isNumber: true),
            .init(title: "state", isFlexible: true),
        ])
        for node in nodes {
            table.add([
                "\(node.number)", node.id, node.api, node.chat, "\(node.endUsers)", "\(node.consumers)", node.state,
            ])
        }
        try StandardOutput().write(table.text(.output))
    }
}

/// `connmix-durable engine node add`
struct EngineNodeAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Starts a further node, which the center lists at once.",
        discussion: "Example:  connmix-durable engine node add")

    @OptionGroup var options: EngineControlOptions

    func run() async throws {
        let node = try await options.control().add()
        try options.show(node) { "node \($0.number) \($0.id) is added: api \($0.api), end users ws://\($0.chat)/chat" }
    }
}

/// `connmix-durable engine node remove`
struct EngineNodeRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Takes a node off the center's list. Its connections stay until they are closed.",
        discussion: "Example:  connmix-durable engine node remove 2")

    @OptionGroup var which: EngineNodeArgument
    @OptionGroup var options: EngineControlOptions

    func run() async throws {
        let node = try await options.control().act("remove", on: which.node)
        try options.show(node) { node in
            "node \(node.number) \(node.id) is off the center's list; "
                + "\(node.consumers) consumers and \(node.endUsers) end users are still connected to it"
        }
    }
}

/// `connmix-durable engine node restart`
struct EngineNodeRestart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restarts a node: the same addresses, a new id, its queues and all its connections are gone.",
        discussion: "Example:  connmix-durable engine node restart 1")

    @OptionGroup var which: EngineNodeArgument
    @OptionGroup var options: EngineControlOptions

    func run() async throws {
        let node = try await options.control().act("restart", on: which.node)
        try options.show(node) { "node \($0.number) \($0.previousID ?? "") is restarted, and is \($0.id) now" }
    }
}

/// `connmix-durable engine node cut`
struct EngineNodeCut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cut", abstract: "Cuts the network to a node: connections stay open, and nothing comes through them.",
        discussion: """
            Example:  connmix-durable engine node cut 1
            engine node heal ends it.
            """)

    @OptionGroup var which: EngineNodeArgument
    @OptionGroup var options: EngineControlOptions

    func run() async throws {
        let node = try await options.control().act("cut", on: which.node)
        try options.show(node) { "node \($0.number) \($0.id) is cut off; engine node heal \($0.number) ends it" }
    }
}

/// `connmix-durable engine node heal`
struct EngineNodeHeal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heal", abstract: "Ends what cut began: what was held back goes on.",
        discussion: "Example:  connmix-durable engine node heal 1")

    @OptionGroup var which: EngineNodeArgument
    @OptionGroup var options: EngineControlOptions

    func run() async throws {
        let node = try await options.control().act("heal", on: which.node)
        try options.show(node) { "node \($0.number) \($0.id) is reached again" }
    }
}
