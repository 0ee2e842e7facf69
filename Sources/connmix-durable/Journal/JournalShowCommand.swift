import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal show`
struct JournalShowCommand: RowShowCommand {
    typealias Row = JournalRecord

    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One entry: payload, failed attempts, commands and how they ended, replays.",
        discussion: "Example:  connmix-durable journal show 17")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @Argument(help: "The entry's id.", completion: Completions.ids)
    var id: Int64
}
