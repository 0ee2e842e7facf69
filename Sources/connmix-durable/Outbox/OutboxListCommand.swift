import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox list`
struct OutboxListCommand: RowListCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Commands of the outbox, newest first.",
        discussion: """
            Example:  connmix-durable outbox list --state dead --error "client gone" --json
            The next page:  --after ID, with the last id that was shown.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
    @OptionGroup var page: PageOptions
}
