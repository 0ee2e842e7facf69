import ArgumentParser
import ConnmixDurable
import Logging
import NIOCore

/// `connmix-durable journal rehearse`
struct JournalRehearseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Runs a handler on an entry and prints the commands it would send beside those it did send; changes nothing.",
        discussion: """
            Example:  connmix-durable journal rehearse 17 -- php handler.php
            The handler is run as by consume --exec. Exit code 1 where it fails. Options are ours before --, and the handler's behind it.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The entry's id.")
    var id: Int64
    @Option(help: ArgumentHelp("The time limit of the attempt.", valueName: "seconds"))
    var timeout: Seconds?
    @Flag(help: "Let methods and functions pass that connmix is not known to have.")
    var anyMethod = false
    @Argument(parsing: .postTerminator, help: ArgumentHelp("The handler and its arguments, behind --", valueName: "cmd"))
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else {
            throw ValidationError("no handler is named; name one behind --, such as: journal rehearse \(id) -- php handler.php")
        }
        guard timeout.map({ $0.duration > .zero }) ?? true else {
            throw ValidationError("--timeout is 0; give it some time, or leave it out for no limit")
        }
    }

    func run() async throws {
        let detail = try database.inspector().entry(id)
        let entry = detail.entry
        let logger = Logger(label: "connmix-durable") { _ in SwiftLogNoOpLogHandler() }
        let program = try SidecarProgram(command)
        let gate = LaunchGate(name: program.name, waits: false, logger: logger)
        let handler = ExecHandler(program, timeout: timeout?.duration, anyMethod: anyMethod, gate: gate, logger: logger)
        let message = Message(
            id: entry.id, topic: entry.topic, node: entry.node, client: ClientID(entry.client), attempt: 1,
            receivedAt: entry.receivedAt, data: ByteBuffer(bytes: entry.data ?? []))
        let trial = HandlerTrial(Handlers(all: { try await handler.handle($0, $1) }))
        // The handler is a process group of its own: a Ctrl-C must reach it through us.
        let report = try await Interruption.unlessCome { try await trial.run(message) }
        let rehearsal = Rehearsal(report: report, sent: detail.commands)
        try output.json
            ? StandardOutput().write(JSONWriter.line { rehearsal.members(&$0, id: id) })
            : StandardOutput().write(rehearsal.text(.output))
        if let error = rehearsal.report.error { throw Failure(.failed, "the handler failed: \(error)") }
    }
}
