import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal list`
struct JournalListCommand: RowListCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Entries of the journal, newest first.",
        discussion: """
            Example:  connmix-durable journal list --state dead,pending --topic orders --since 2h
            The next page:  --after ID, with the last id that was shown.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup var page: PageOptions
}
