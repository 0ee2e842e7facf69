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
            Exit code 1 where a message is lost or the two sides do not agree, 73 where --database names a file that no demo made.
            """)

    @Option(help: "How many messages the end users send.")
    var messages = 10_000
    @Option(
        help: "The database file: a new one, or one of an earlier demo. Default: a new one in the folder for temporary files.")
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
        try Self.refuseOthers(path)
        let demo = Demo(messages: messages, database: path)
        let account = try await Interruption.unlessCome { try await demo.run() }
        if output.json {
            try StandardOutput().write(JSONWriter.line { account.write(to: &$0, database: path) })
        } else {
            try StandardOutput().write(account.text(database: path, .output))
        }
        guard account.problems.isEmpty else {
            throw Failure(.failed, account.problems.joined(separator: "; "))
        }
    }

    /// What waits in somebody's own file would be answered by the demo, and its commands sent to the demo's engine.
    ///
    /// - Throws: `Failure` with exit code 73 where the file exists and anybody else may have used it.
    private static func refuseOthers(_ path: String) throws {
        var facts = stat()
        guard stat(path, &facts) == 0, facts.st_size > 0 || facts.st_mode & S_IFMT != S_IFREG else { return }
        let runs = try? Inspector(database: path).runs(limit: .max)
        guard let runs, !runs.isEmpty, runs.allSatisfy({ $0.handlerVersion == Demo.handlerVersion }) else {
            throw Failure(
                .cannotCreate,
                "\(path) exists, and no demo made it: what waits in it would be handled by the demo; name a file that is not there, or leave --database out"
            )
        }
    }

    private static func temporaryPath() -> String {
        let folder = DatabaseOptions.environment("TMPDIR") ?? "/tmp"
        return "\(folder)/connmix-durable-demo-\(getpid())-\(Timestamp.now() / 1_000_000).sqlite3"
    }
}
