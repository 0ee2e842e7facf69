import ArgumentParser
import ConnmixDurable

/// `connmix-durable subscribe`
struct SubscribeCommand: SendingCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe", abstract: "Adds channels to an end user's connection, through the outbox.",
        discussion: "Example:  connmix-durable subscribe 1463786910324359168 room:7 news --wait 5")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var subscription: SubscriptionOptions
    @OptionGroup(title: "How") var options: SendOptions
    @OptionGroup var node: NodeOptions

    func commands() throws -> [Command] {
        [try options.apply(to: .subscribe(ClientID(subscription.client), to: subscription.channel), node: node.node)]
    }
}
