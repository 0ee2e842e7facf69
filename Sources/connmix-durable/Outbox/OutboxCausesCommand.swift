import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox causes`
struct OutboxCausesCommand: RowCausesCommand {
    typealias Row = OutboxRecord

    static let configuration = CommandConfiguration(
        commandName: "causes", abstract: "Commands that failed grouped by error: how many, first and last seen.",
        discussion: """
            Examples:
              connmix-durable outbox causes --since 2h
              connmix-durable outbox retry --cause 5f0a91c3
            Those that are dead, expired or unknown count as dead; pending ones that failed before are there, too, whenever that was.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var causes: CauseOptions
}
