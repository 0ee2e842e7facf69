import ArgumentParser
import ConnmixDurable

/// `connmix-durable send`
struct SendCommand: SendingCommand {
    static let configuration = CommandConfiguration(
        commandName: "send", abstract: "Puts a frame for one end user into the outbox.",
        discussion: """
            Examples:
              connmix-durable send 1463786910324359168 "your taxi is here" --expires-after 60s
              date | connmix-durable send 1463786910324359168 - --wait 5
            It is accepted once its id is printed, whether a consumer runs or not, and sent by the consumer of the file.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The end user's client id.")
    var client: String
    @OptionGroup var data: DataOptions
    @OptionGroup(title: "How") var options: SendOptions

    func commands() throws -> [Command] {
        let command =
            switch try data.payload() {
            case .text(let text): try Command.meshSend(to: ClientID(client), text)
            case .binary(let bytes): try Command.meshSend(to: ClientID(client), binary: bytes)
            }
        return [try options.apply(to: command)]
    }
}
