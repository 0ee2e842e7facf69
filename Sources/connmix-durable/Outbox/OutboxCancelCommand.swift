import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox cancel`
struct OutboxCancelCommand: RowVerbCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Takes pending commands back: they are not sent. Puts aside what was given up.",
        discussion: """
            Examples:
              connmix-durable outbox cancel --channel news --reason "wrong text"
              connmix-durable outbox cancel --state dead --cause 5f0a91c3 --reason "they have left"
            Pending commands only, where neither --state nor ids name others: dead, expired and unknown ones are put aside, and count as such
            no longer. One that is in flight at that moment may be applied all the same. actions undo takes it back.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions

    static let verb = OperatorVerb.cancel
    static let takes: Set<CommandState> = [.pending, .dead, .expired, .unknown]
    var usualStates: Set<CommandState> { [.pending] }
}
