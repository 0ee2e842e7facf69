import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal discard`
struct JournalDiscardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Puts entries aside: they are not handled until they are restored.",
        discussion: """
            Example:  connmix-durable journal discard --id 17,20-23 --reason "the customer has left"
            Dead entries only, where neither --state nor --id names others. journal restore brings them back.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions

    private static let takes: Set<EntryState> = [.dead, .pending]

    func validate() throws {
        try options.check(isFiltered: !filters.isEmpty)
        try StateList<EntryState>.check(filters.named, Self.takes, "discard")
    }

    func run() throws {
        try BulkRun(.discard, on: .journal, database: database, output: output, options: options).run { inspector in
            try filters.selection(inspector, states: [.dead])
        }
    }
}
