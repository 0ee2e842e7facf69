import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox retry`
struct OutboxRetryCommand: RowVerbCommand, CanaryCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Sends commands again that ended without success, and ones that wait, now.",
        discussion: """
            Example:  connmix-durable outbox retry --error "client gone" --since 1h
            Dead commands only, where neither --state, --id nor --partial names others.
            Publishes that reached some only are sent to all again:  connmix-durable outbox retry --partial --channel news
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions
    @OptionGroup var canary: CanaryOptions

    static let verb = OperatorVerb.retry
    static let takes: Set<CommandState> = [.pending, .sent, .dead, .expired, .cancelled, .superseded, .unknown]
    var usualStates: Set<CommandState> { filters.isPartial ? [.sent] : [.dead] }
}
