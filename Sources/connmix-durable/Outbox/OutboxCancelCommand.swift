import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox cancel`
struct OutboxCancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Takes pending commands back: they are not sent.",
        discussion: """
            Example:  connmix-durable outbox cancel --channel news --reason "wrong text"
            One that is in flight at that moment may be applied all the same.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions

    private static let takes: Set<CommandState> = [.pending]

    func validate() throws {
        try options.check(isFiltered: !filters.isEmpty)
        try StateList<CommandState>.check(filters.named, Self.takes, "cancel")
    }

    func run() throws {
        try BulkRun(.cancel, on: .outbox, database: database, output: output, options: options).run { inspector in
            try filters.selection(inspector, states: [.pending])
        }
    }
}
