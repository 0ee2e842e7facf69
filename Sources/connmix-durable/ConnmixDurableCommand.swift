import ArgumentParser
import Glibc

/// The command line. What it shows and how it ends is a contract: docs/cli.md.
@main
struct ConnmixDurableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connmix-durable",
        abstract: "A reliable consumer for connmix: journals messages, sends commands until they are answered, shows both.",
        discussion: """
            Try it without a server:  connmix-durable demo
            Consume with your own program:  connmix-durable consume --topic chat --exec php handler.php
            """,
        version: ProgramVersion.text,
        subcommands: [
            ConsumeCommand.self, EngineCommand.self, DemoCommand.self, StatusCommand.self, JournalCommand.self,
            OutboxCommand.self, SendCommand.self, PublishCommand.self, SubscribeCommand.self, UnsubscribeCommand.self,
            SetContextCommand.self, CallCommand.self, LanesCommand.self, ActionsCommand.self, GapsCommand.self,
            DatabaseCommand.self, DoctorCommand.self, TopCommand.self, NodesCommand.self,
        ])

    /// ArgumentParser's own main prints several lines on an error; here it is one, and the exit code is ours.
    static func main() async {
        // A reader that leaves (`| head`) is no reason to die; writing fails then, and that is looked at.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Exit.end(with: error)
        }
    }
}
