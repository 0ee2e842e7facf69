import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox tail`
struct OutboxTailCommand: RowTailCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Follows the outbox: commands as they come.",
        discussion: """
            Example:  connmix-durable outbox tail --state dead,expired
            With --state, commands are shown when they come into that state. --limit says how many older ones are shown first.
            Ends with Ctrl-C.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
}
