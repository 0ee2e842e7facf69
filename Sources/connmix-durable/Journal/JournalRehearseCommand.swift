import ArgumentParser
import ConnmixDurable
import NIOCore
import Synchronization

/// `connmix-durable journal rehearse`
struct JournalRehearseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rehearse",
        abstract: "Runs a handler on entries and prints the commands it would send beside those it did send; changes nothing.",
        discussion: """
            Examples:
              connmix-durable journal rehearse 17 -- php handler.php
              connmix-durable journal rehearse --cause 5f0a91c3 --limit 20 --worker -- php worker.php
            The handler is run as by consume --exec, with --worker as by consume --worker, one entry after the other. Of several entries it is
            summed up what would be done, and what would fail for which cause. Dead entries only, where --cause and no state is named.
            Exit code 1 where one fails. Options are ours before --, and the handler's behind it.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "The handler is a worker: one process that answers a line with a line.")
    var worker = false
    @Option(help: ArgumentHelp("The time limit of the attempt.", valueName: "seconds"))
    var timeout: Seconds?
    @Flag(help: "All there are; needed where no filter is given.")
    var all = false
    @OptionGroup(title: "Filters") var filters: RehearsalFilterOptions
    @Flag(help: "Let methods and functions pass that connmix is not known to have.")
    var anyMethod = false
    @Argument(parsing: .postTerminator, help: ArgumentHelp("The handler and its arguments, behind --", valueName: "cmd"))
    var command: [String] = []

    func validate() throws {
        guard !filters.isEmpty || all else {
            throw ValidationError("no filter says which ones; name ids or a filter, or say --all")
        }
        guard filters.isEmpty || !all else { throw ValidationError("--all contradicts a filter; leave one of them out") }
        guard !command.isEmpty else {
            throw ValidationError("no handler is named; name one behind --, such as: journal rehearse 17 -- php handler.php")
        }
        guard timeout.map({ $0.duration > .zero }) ?? true else {
            throw ValidationError("--timeout is 0; give it some time, or leave it out for no limit")
        }
    }

    func run() async throws {
        let inspector = try database.inspector()
        let selection = try filters.selection(inspector, states: filters.common.cause == nil ? [] : [.dead])
        guard selection.missing.isEmpty else {
            throw Failure(
                .failed, "the journal has no entry \(selection.missing.prefix(10).map { "\($0)" }.joined(separator: ", "))")
        }
        guard !selection.ids.isEmpty else { throw Failure(.failed, "no entry matches") }
        let handler = RehearsalHandler(
            program: try SidecarProgram(command), isWorker: worker, timeout: timeout?.duration, anyMethod: anyMethod)
        let rehearsals = Rehearsals(ids: selection.ids, database: database.database, asJSON: output.json)
        // The handler is a process group of its own: a Ctrl-C must reach it through us.
        try await Interruption.unlessCome { try await handler.with { try await rehearsals.run($0) } }
        try rehearsals.finish()
    }
}

/// Entries that are rehearsed one after the other, each shown when it is through.
private final class Rehearsals: Sendable {
    private let ids: [Int64]
    private let database: String
    private let asJSON: Bool
    private let sum = Mutex(RehearsalSum())
    private let firstError = Mutex<String?>(nil)

    init(ids: [Int64], database: String, asJSON: Bool) {
        self.ids = ids
        self.database = database
        self.asJSON = asJSON
    }

    func run(_ trial: HandlerTrial) async throws {
        let inspector = try Inspector(database: database)
        for id in ids {
            try Interruption.check()
            let detail = try inspector.entry(id)
            let entry = detail.entry
            let message = Message(
                id: entry.id, topic: entry.topic, node: entry.node, client: ClientID(entry.client), attempt: 1,
                receivedAt: entry.receivedAt, data: ByteBuffer(bytes: entry.data ?? []))
            let rehearsal = Rehearsal(report: try await trial.run(message), sent: detail.commands)
            let error = rehearsal.report.error
            sum.withLock { $0.add(id, error: error, isSame: rehearsal.isSame) }
            firstError.withLock { $0 = $0 ?? error }
            if asJSON {
                try StandardOutput().write(JSONWriter.line { rehearsal.members(&$0, id: id) })
            } else if ids.count == 1 {
                try StandardOutput().write(rehearsal.text(.output))
            }
        }
    }

    /// Sums up.
    ///
    /// - Throws: `Failure` where an entry would fail.
    func finish() throws {
        let sum = sum.withLock { $0 }
        if ids.count > 1 {
            if asJSON {
                StandardError.write(line: sum.text)
            } else {
                try StandardOutput().write(sum.text + "\n" + sum.table(.output))
            }
        }
        guard let error = firstError.withLock({ $0 }) else { return }
        throw Failure(
            .failed, ids.count == 1 ? "the handler failed: \(error)" : "\(sum.failed) of \(sum.entries) entries would fail")
    }
}
