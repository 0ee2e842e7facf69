import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal prune`
struct JournalPruneCommand: RowPruneCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Deletes finished entries for good. It cannot be undone.",
        discussion: """
            Example:  connmix-durable journal prune --older-than 30d
            Only those that are done or were replayed, where --state names no others. The newest row is always kept.
            The file does not shrink; what is free in it is used again.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("What ended before: an age such as 30d, or RFC 3339.", valueName: "age"))
    var olderThan: TimePoint?
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions

    var usualStates: Set<EntryState> { [.done, .replayed] }
}
