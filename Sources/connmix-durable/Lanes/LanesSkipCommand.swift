import ArgumentParser
import ConnmixDurable

/// `connmix-durable lanes skip`
struct LanesSkipCommand: LaneVerbCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip", abstract: "Opens parked lanes; their dead heads stay dead.",
        discussion: """
            Example:  connmix-durable lanes skip 1463786910324359168 --reason "known, see #5"
            What waits behind them is handled. --all opens every parked lane.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var lanes: LaneSelection
    @OptionGroup(title: "How") var options: BulkOptions

    static let verb = OperatorVerb.skip
    static let takesWaiting = false
}
