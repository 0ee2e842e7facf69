import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal discard`
struct JournalDiscardCommand: RowVerbCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Puts entries aside: they are not handled until they are restored.",
        discussion: """
            Example:  connmix-durable journal discard 17,20-23 --reason "the customer has left"
            Dead entries only, where neither --state nor ids name others. journal restore brings them back.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions

    static let verb = OperatorVerb.discard
    static let takes: Set<EntryState> = [.dead, .pending]
    var usualStates: Set<EntryState> { [.dead] }
}
