import ArgumentParser
import ConnmixDurable
import Glibc

/// `connmix-durable demo`
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Engine, end users and consumer in one process on a real file; takes a node away, and counts.",
        discussion: """
            Example:  connmix-durable demo --messages 10000
            Exit code 1 where a message is lost or the two sides do not agree.
            """)

    @Option(help: "How many messages the end users send.")
    var messages = 10_000
    @Option(help: "The database file. Default: a new one in the folder for temporary files.")
    var database: String?
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (100...10_000_000).contains(messages) else {
            throw ValidationError("--messages is \(messages); it may be 100 to 10000000")
        }
    }

    func run() async throws {
        StandardError.waitForNobody { LineLogHandler.dropped($0, .text) }
        let path = database ?? Self.temporaryPath()
        let demo = Demo(messages: messages, database: path)
        let account = try await Interruption.unlessCome { try await demo.run() }
        if output.json {
            try StandardOutput().write(JSONWriter.line { account.write(to: &$0) })
        } else {
            try StandardOutput().write(account.text(database: path, .output))
        }
        guard account.problems.isEmpty else {
            throw Failure(.failed, account.problems.joined(separator: "; "))
        }
    }

    private static func temporaryPath() -> String {
        let folder = DatabaseOptions.environment("TMPDIR") ?? "/tmp"
        return "\(folder)/connmix-durable-demo-\(getpid())-\(Timestamp.now() / 1_000_000).sqlite3"
    }
}
