import ArgumentParser
import ConnmixDurable

/// `connmix-durable call`
struct CallCommand: SendingCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Puts a request of any method into the outbox, as it stands on the wire.",
        discussion: """
            Example:  connmix-durable call conn.call '{"c":"1463786910324359168","f":"subscribe","a":["news"]}' --wait 5
            mesh.send, mesh.publish and conn.call are checked and keep their order like all others of their kind. A name that connmix
            is not known to have is sent all the same, with a warning: it is nearly always a typing error.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The method.")
    var method: String
    @Argument(help: ArgumentHelp("The params, a JSON object or array; - reads stdin.", valueName: "json"))
    var params: String
    @OptionGroup(title: "How") var options: SendOptions
    @OptionGroup var node: NodeOptions

    func commands() throws -> [Command] {
        let json = params == "-" ? try InputFile.read("-", limit: 2 * Command.payloadLimit) : Array(params.utf8)
        guard json.withUnsafeBufferPointer({ JSONScanner.isValue($0) }) else {
            throw Failure(.badData, "the params are no JSON; give an object or an array")
        }
        let wire = JSONWriter.line { writer in
            writer.key("m"); writer.string(method)
            writer.key("p"); writer.json(json)
        }
        let command: Command
        do {
            command = try Command(wire: wire)
        } catch {
            throw Failure(.badData, "\(method) cannot be sent so: \(error.message)")
        }
        if let problem = command.unknownName {
            StandardError.write(line: "connmix-durable: warning: \(problem); it is sent all the same")
        }
        return [try options.apply(to: command, node: node.node)]
    }
}
