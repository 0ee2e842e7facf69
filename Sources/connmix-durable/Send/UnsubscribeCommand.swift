import ArgumentParser
import ConnmixDurable

/// `connmix-durable unsubscribe`
struct UnsubscribeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unsubscribe", abstract: "Removes channels from an end user's connection, through the outbox.",
        discussion: "Example:  connmix-durable unsubscribe 1463786910324359168 room:7 news --wait 5")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The end user's client id.")
    var client: String
    @Argument(help: "Channels; any text without spaces.")
    var channel: [String]
    @OptionGroup(title: "How") var options: SendOptions
    @OptionGroup var node: NodeOptions

    func run() async throws {
        let command = try options.apply(to: .unsubscribe(ClientID(client), from: channel), node: node.node)
        try await CommandSender(database: database, output: output, options: options).send([command])
    }
}
