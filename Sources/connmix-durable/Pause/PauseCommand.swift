import ArgumentParser
import ConnmixDurable

/// `connmix-durable pause`
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Lets messages wait: they are journaled and not handled, until resume.",
        discussion: """
            Examples:
              connmix-durable pause --topic orders --reason "the price service is out"
              connmix-durable pause --intake --reason "moving the database"

            It outlives restarts of the consumer, and is shown by status. What is being handled is finished, and commands are sent as before. With \
            the order of lanes kept (--lane-order strict) later messages of a client wait behind those that are paused, whatever their topic.
            With --intake the queues are not popped either: messages wait in the engine then, whose queues are short and in its memory.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("A topic. May be repeated. Default: all.", valueName: "topic"))
    var topic: [String] = []
    @Flag(help: "Do not pop its queues either.")
    var intake = false
    @Option(help: "Why. Kept with the action, and shown by status.")
    var reason: String?

    func run() throws {
        let inspector = try database.inspector()
        let report = try JournalOperator(database: database.database).pause(
            topics: topic.isEmpty ? nil : topic, intake: intake, reason: reason)
        try report.write(.pause, json: output.json)
        let known = try inspector.status().topics
        for topic in report.changed.compactMap(\.self) {
            if known.isEmpty {
                guard try !Self.hasMessages(topic, inspector) else { continue }
                StandardError.write(
                    line:
                        "no message of \(topic) is in the journal, and no consumer runs that could say whether it is popped; look how it is spelled"
                        .escapedForTerminal)
            } else if !known.contains(topic) {
                StandardError.write(
                    line: "the running consumer does not pop \(topic); it pops \(known.joined(separator: ", "))"
                        .escapedForTerminal)
            }
        }
    }

    private static func hasMessages(_ topic: String, _ inspector: Inspector) throws -> Bool {
        var filter = JournalFilter()
        (filter.topic, filter.limit) = (topic, 1)
        return try !inspector.entries(filter, withData: false).isEmpty
    }
}
