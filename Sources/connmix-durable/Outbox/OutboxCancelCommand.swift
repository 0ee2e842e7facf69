import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox cancel`
struct OutboxCancelCommand: RowVerbCommand {
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

    static let verb = OperatorVerb.cancel
    static let takes: Set<CommandState> = [.pending]
    var usualStates: Set<CommandState> { [.pending] }
}
