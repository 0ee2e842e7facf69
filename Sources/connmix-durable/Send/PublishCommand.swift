import ArgumentParser
import ConnmixDurable

/// `connmix-durable publish`
struct PublishCommand: SendingCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Puts a frame for all subscribers of a channel into the outbox.",
        discussion: """
            Examples:
              connmix-durable publish room:7 "the bar closes" --wait 5
              connmix-durable publish room:7 - --binary < picture.png
            It is accepted once its id is printed, whether a consumer runs or not, and sent by the consumer of the file.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The channel; any text without spaces.")
    var channel: String
    @OptionGroup var data: DataOptions
    @OptionGroup(title: "How") var options: SendOptions

    func commands() throws -> [Command] {
        let command =
            switch try data.payload() {
            case .text(let text): try Command.meshPublish(to: channel, text)
            case .binary(let bytes): try Command.meshPublish(to: channel, binary: bytes)
            }
        return [try options.apply(to: command)]
    }
}
