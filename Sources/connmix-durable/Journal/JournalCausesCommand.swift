import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal causes`
struct JournalCausesCommand: RowCausesCommand {
    typealias Row = JournalRecord

    static let configuration = CommandConfiguration(
        commandName: "causes", abstract: "Failed messages grouped by error: how many, first and last seen.",
        discussion: """
            Examples:
              connmix-durable journal causes --since 2h
              connmix-durable journal list --cause 5f0a91c3
            Each message counts once, for its last failure; one that was replayed does not. What differs from error to error is shown as #.
            A cause keeps its id: --cause takes it wherever filters are taken.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var causes: CauseOptions
}
