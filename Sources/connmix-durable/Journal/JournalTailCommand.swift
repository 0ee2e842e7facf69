import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal tail`
struct JournalTailCommand: RowTailCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Follows the journal: entries as they come.",
        discussion: """
            Example:  connmix-durable journal tail --state dead --json
            With --state, entries are shown when they come into that state. --limit says how many older ones are shown first.
            Ends with Ctrl-C.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
}
