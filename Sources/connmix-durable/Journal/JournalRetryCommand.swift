import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal retry`
struct JournalRetryCommand: RowVerbCommand, CanaryCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Puts dead entries, and ones that wait, back as they are.",
        discussion: """
            Take retry where a dead message need only be tried again, under its own id; replay where a new entry is wanted.
            Example:  connmix-durable journal retry --error "price service" --since 2h --reason "it is back"
            Dead entries only, where neither --state nor ids name others; each has all its attempts again.
            With --canary few are tried first:  connmix-durable journal retry --topic orders --canary --yes
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions
    @OptionGroup var canary: CanaryOptions

    static let verb = OperatorVerb.retry
    static let takes: Set<EntryState> = [.dead, .pending]
    var usualStates: Set<EntryState> { [.dead] }
}
