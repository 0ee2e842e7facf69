import ArgumentParser
import ConnmixDurable

/// `connmix-durable resume`
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Lets go on what pause made wait.",
        discussion: """
            Examples:
              connmix-durable resume
              connmix-durable resume --topic orders --reason "the price service is back"
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(
        help: ArgumentHelp(
            "A topic that was paused by its name. May be repeated. Default: whatever is paused.", valueName: "topic"))
    var topic: [String] = []
    @Flag(help: "Only what was paused with --intake.")
    var intake = false
    @Option(help: "Why. Kept with the action.")
    var reason: String?

    func run() throws {
        _ = try database.inspector()
        let report = try JournalOperator(database: database.database).resume(
            topics: topic.isEmpty ? nil : topic, onlyIntake: intake, reason: reason)
        try report.write(.resume, json: output.json)
    }
}
