import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal restore`
struct JournalRestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Brings discarded entries back, with all their attempts.",
        discussion: """
            Example:  connmix-durable journal restore --id 17,20-23
            They are handled as soon as their lanes are free.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions
    @OptionGroup var canary: CanaryOptions

    private static let takes: Set<EntryState> = [.discarded]

    func validate() throws {
        try options.check(isFiltered: !filters.isEmpty)
        try StateList<EntryState>.check(filters.named, Self.takes, "restore")
    }

    func run() throws {
        try BulkRun(.restore, on: .journal, database: database, output: output, options: options, canary: canary).run {
            inspector in
            try filters.selection(inspector, states: [.discarded])
        }
    }
}
