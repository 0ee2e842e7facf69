import ArgumentParser
import ConnmixDurable

/// `connmix-durable set-context`
struct SetContextCommand: SendingCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-context",
        abstract: "Sets values of a connection's context, through the outbox; wakes Lua code that waits for them.",
        discussion: """
            Example:  connmix-durable set-context 1463786910324359168 name='"Ann"' level=7 --wait 5
            A command a value, all of them accepted or none. The part behind = is JSON.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The end user's client id.")
    var client: String
    @Argument(help: ArgumentHelp("Names and values.", valueName: "key=json"))
    var values: [ContextValue]
    @OptionGroup(title: "How") var options: SendOptions
    @OptionGroup var node: NodeOptions

    /// A name and JSON.
    struct ContextValue: ExpressibleByArgument {
        let name: String
        let json: String

        init?(argument: String) {
            guard let place = argument.firstIndex(of: "="), place > argument.startIndex else { return nil }
            name = String(argument[..<place])
            json = String(argument[argument.index(after: place)...])
        }
    }

    func validate() throws {
        guard options.key == nil || values.count == 1 else {
            throw ValidationError("--key is for one command and there are \(values.count) values; set one at a time")
        }
    }

    func commands() throws -> [Command] {
        try values.map { value in
            let json = Array(value.json.utf8)
            guard json.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else {
                throw Failure(.badData, "the value of \(value.name) is no JSON; text needs quotes: \(value.name)='\"text\"'")
            }
            var writer = JSONWriter()
            writer.array([true, false]) { $1 ? $0.string(value.name) : $0.json(json) }
            let command = try Command.call(
                ClientID(client), "set_context_value", argumentsJSON: String(decoding: writer.bytes, as: UTF8.self))
            return try options.apply(to: command, node: node.node)
        }
    }
}
