import ArgumentParser
import ConnmixDurable

/// A command that puts commands into the outbox. It declares which; what comes of them is told in the same way by all.
protocol SendingCommand: AsyncParsableCommand {
    var database: DatabaseOptions { get }
    var output: OutputOptions { get }
    var options: SendOptions { get }

    /// All of them are accepted or none.
    func commands() throws -> [Command]
}

extension SendingCommand {
    func run() async throws {
        try await CommandSender(database: database, output: output, options: options).send(commands())
    }
}
