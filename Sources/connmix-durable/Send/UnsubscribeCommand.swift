import ArgumentParser
import ConnmixDurable

/// `connmix-durable unsubscribe`
struct UnsubscribeCommand: SendingCommand {
    static let configuration = CommandConfiguration(
        commandName: "unsubscribe", abstract: "Removes channels from an end user's connection, through the outbox.",
        discussion: "Example:  connmix-durable unsubscribe 1463786910324359168 room:7 news --wait 5")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var subscription: SubscriptionOptions
    @OptionGroup(title: "How") var options: SendOptions
    @OptionGroup var node: NodeOptions

    func commands() throws -> [Command] {
        [try options.apply(to: .unsubscribe(ClientID(subscription.client), from: subscription.channel), node: node.node)]
    }
}
