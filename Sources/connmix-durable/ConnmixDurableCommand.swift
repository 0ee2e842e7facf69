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
            ConsumeCommand.self, EngineCommand.self, EndUserCommand.self, DemoCommand.self, StatusCommand.self,
            JournalCommand.self,
            OutboxCommand.self, SendCommand.self, PublishCommand.self, SubscribeCommand.self, UnsubscribeCommand.self,
            SetContextCommand.self, CallCommand.self, PauseCommand.self, ResumeCommand.self, LanesCommand.self,
            ActionsCommand.self, GapsCommand.self,
            DatabaseCommand.self, DoctorCommand.self, TopCommand.self, WebCommand.self, NodesCommand.self,
        ])

    /// ArgumentParser's own main prints several lines on an error; here it is one, and the exit code is ours.
    static func main() async {
        // A reader that leaves (`| head`) is no reason to die; writing fails then, and that is looked at.
        signal(SIGPIPE, SIG_IGN)
        do {
            try Self.checkText()
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            StandardError.flush()
        } catch {
            Exit.end(with: error)
        }
    }

    /// Swift would put other characters in the place of bytes that are none, and another file, client or text would be meant.
    private static func checkText() throws {
        for number in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[number], !isText(argument) else { continue }
            let shown = String(String.UnicodeScalarView(String(cString: argument).unicodeScalars.prefix(80))).debugDescription
            throw Failure(.usage, "argument \(number), \(shown), is no UTF-8; give it as UTF-8 text, or data on stdin")
        }
        for name in ["CONNMIX_DURABLE_DATABASE", "CONNMIX_CENTER"] {
            guard let value = getenv(name), !isText(value) else { continue }
            throw Failure(.usage, "$\(name) is no UTF-8; set it to UTF-8 text")
        }
    }

    private static func isText(_ text: UnsafePointer<CChar>) -> Bool {
        String(validatingCString: text) != nil
    }
}
