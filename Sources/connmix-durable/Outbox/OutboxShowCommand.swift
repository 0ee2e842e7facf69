import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox show`
struct OutboxShowCommand: RowShowCommand {
    typealias Row = OutboxRecord

    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One command, and how it ended.",
        discussion: "Example:  connmix-durable outbox show 17 --json")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @Argument(help: "The command's id.", completion: Completions.ids)
    var id: Int64
}
