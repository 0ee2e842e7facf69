import ArgumentParser
import ConnmixDurable
import Logging
import NIOCore

/// `connmix-durable consume`
struct ConsumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consume",
        abstract: "The sidecar: journals messages, runs a handler, sends its commands.",
        discussion: """
            Examples:
              connmix-durable consume --topic chat --echo
              connmix-durable consume --topic chat orders --exec php handler.php
              connmix-durable consume --topic chat --concurrency 8 --timeout 30 --worker php worker.php

            --exec and --worker take everything that follows; name them last. Where the handler has an option that is called like one of
            ours, write -- before it:  connmix-durable consume --topic chat --worker -- php worker.php --timeout 5
            SIGTERM, SIGINT or SIGHUP finishes what is in hand; a second one stops at once. Nothing is lost either way, unless the disk
            takes nothing: then the last line says how many messages, with exit code 74.
            """)

    @OptionGroup var database: DatabaseOptions
    @Option(parsing: .upToNextOption, help: "The queues to pop. At least one.")
    var topic: [String] = []
    @Flag(help: "Answer every text frame with: received: TEXT")
    var echo = false
    @Option(
        parsing: .remaining,
        help: ArgumentHelp("Run a process a message: JSON on stdin, commands on stdout. No shell.", valueName: "cmd"))
    var exec: [String] = []
    @Option(
        parsing: .remaining, help: ArgumentHelp("Keep processes alive: a line in, a line out a message.", valueName: "cmd"))
    var worker: [String] = []
    @OptionGroup var options: ConsumeOptions

    func validate() throws {
        guard !topic.isEmpty else {
            throw ValidationError("no topic is named; name at least one with --topic")
        }
        guard options.listen != nil || options.listenTokenFile == nil else {
            throw ValidationError("--listen-token-file is for --listen HOST:PORT; name where to listen, too")
        }
        guard options.web != nil || options.webTokenFile == nil else {
            throw ValidationError("--web-token-file is for --web HOST:PORT; name where the console is, too")
        }
        let handlers = [echo, !exec.isEmpty, !worker.isEmpty].count { $0 }
        guard handlers == 1 else {
            throw ValidationError(
                handlers == 0
                    ? "no handler is named; name one of --echo, --exec CMD and --worker CMD"
                    : "several handlers are named; name only one of --echo, --exec CMD and --worker CMD")
        }
        _ = try words
    }

    func run() async throws {
        let format = options.logFormat
        StandardError.waitForNobody { LineLogHandler.dropped($0, format) }
        var logger = Logger(label: "connmix-durable") { _ in LineLogHandler(format: format) }
        logger.logLevel = options.logLevel
        var configuration = try options.configuration(database: database.database, topics: topic)
        var ports = try ConsumerPorts(options)
        DescriptorLimit.raise()
        let budget = ports.budget(DescriptorLimit.soft)
        if echo {
            Self.fit(&ports, budget, beside: 0, logger)
            try await ConsumerRun.untilSignal(
                configuration, handler: Self.answer, ports: ports, logger: logger)
            return
        }
        let command = try words
        let program = try SidecarProgram(command)
        let standing = HandlerStanding(HandlerWords.text(option, command))
        let gate = LaunchGate(name: program.name, waits: true, standing: standing, logger: logger)
        let reaper = OrphanReaper(gate).map { [$0] } ?? []
        let descriptors = try fit(&configuration, budget)
        Self.fit(&ports, budget, beside: descriptors, logger)
        configuration.handlersAreProcesses = true
        configuration.handlerStanding = standing
        let anyMethod = options.commands.anyMethod
        if !exec.isEmpty {
            try await ExecHandler.with(
                program, timeout: options.timeout?.duration, anyMethod: anyMethod, gate: gate, logger: logger
            ) { handler in
                try await ConsumerRun.untilSignal(
                    configuration, handler: { try await handler.handle($0, $1) }, beside: reaper, ports: ports, logger: logger)
            }
        } else {
            let count = configuration.concurrency
            configuration.processes = count
            configuration.concurrency = WorkerPool.handlers(forWorkers: count)
            try await WorkerPool.with(
                program, gate: gate, count: count, timeout: options.timeout?.duration, anyMethod: anyMethod, logger: logger
            ) { [configuration, ports, logger] pool in
                try await ConsumerRun.untilSignal(
                    configuration, handler: { try await pool.handle($0, $1) }, beside: reaper + [pool],
                    ports: ports, logger: logger)
            }
        }
    }

    private var option: String { exec.isEmpty ? "--worker" : "--exec" }

    /// The handler's program and arguments; none with `--echo`.
    private var words: [String] {
        get throws {
            let words = exec + worker
            // The help is read for it, which few need.
            let mayBeOurs = words.contains { $0.hasPrefix("--") }
            let handler = try HandlerWords(words, of: option, ours: mayBeOurs ? Self.optionNames : [])
            guard echo || !handler.command.isEmpty else { throw ValidationError("no program is named behind \(option) --") }
            return handler.command
        }
    }

    /// As many processes as there are cores, and file descriptors for; a number that was named is taken, or refused. One that is out of
    /// range is refused elsewhere.
    ///
    /// - Returns: the descriptors that they need, all of them.
    private func fit(_ configuration: inout ConsumerConfiguration, _ budget: DescriptorBudget) throws -> Int {
        let each = exec.isEmpty ? DescriptorLimit.perWorker : DescriptorLimit.perProcess
        if options.concurrency == nil {
            configuration.concurrency = min(max(2, System.coreCount), max(1, budget.most(each)))
        }
        let count = configuration.concurrency
        guard (1...ConsumerConfiguration.concurrencyLimit).contains(count) else { return 0 }
        try DescriptorLimit.check(count, within: budget, each: each, exec.isEmpty ? "a worker" : "a process")
        return count * each
    }

    /// What is served has the connections that are left.
    private static func fit(_ ports: inout ConsumerPorts, _ budget: DescriptorBudget, beside handlers: Int, _ logger: Logger) {
        guard ports.fit(budget, beside: handlers) else { return }
        var facts: Logger.Metadata = ["descriptors": "\(budget.limit)"]
        if ports.listen != nil { facts["listen"] = "\(ports.listenConnections)" }
        if ports.web != nil { facts["web"] = "\(ports.webConnections)" }
        logger.warning("file descriptors are short, and fewer connections are served at once", metadata: facts)
    }

    private static let answer: MessageHandler = { message, context in
        guard let text = message.text else { return }
        try context.meshSend(to: message.client, "received: \(text)")
    }
}
