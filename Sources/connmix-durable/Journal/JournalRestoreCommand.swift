import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal restore`
struct JournalRestoreCommand: RowVerbCommand, CanaryCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Brings discarded entries back, with all their attempts.",
        discussion: """
            Example:  connmix-durable journal restore 17,20-23
            They are handled as soon as their lanes are free.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions
    @OptionGroup var canary: CanaryOptions

    static let verb = OperatorVerb.restore
    static let takes: Set<EntryState> = [.discarded]
    var usualStates: Set<EntryState> { [.discarded] }
}
