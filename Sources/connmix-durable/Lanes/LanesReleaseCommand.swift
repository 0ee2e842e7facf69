import ArgumentParser
import ConnmixDurable

/// `connmix-durable lanes release`
struct LanesReleaseCommand: LaneVerbCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Opens parked lanes and handles their heads again first, with all attempts.",
        discussion: """
            Example:  connmix-durable lanes release --all --reason "the price service is back"
            A lane that waits for a retry is tried now, where it is named.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var lanes: LaneSelection
    @OptionGroup(title: "How") var options: BulkOptions

    static let verb = OperatorVerb.retry
    static let takesWaiting = true
}
