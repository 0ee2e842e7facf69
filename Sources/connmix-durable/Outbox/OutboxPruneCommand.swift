import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox prune`
struct OutboxPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Deletes finished commands for good. It cannot be undone.",
        discussion: """
            Example:  connmix-durable outbox prune --older-than 30d
            Only those that are sent, where --state names no others. The newest row is always kept.
            The file does not shrink; what is free in it is used again.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("What ended before: an age such as 30d, or RFC 3339.", valueName: "age"))
    var olderThan: TimePoint?
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
    @OptionGroup(title: "How") var options: BulkOptions

    private static let takes = Set(CommandState.allCases).subtracting([.pending])

    func validate() throws {
        guard options.resume != nil || olderThan != nil else {
            throw ValidationError("--older-than is missing; say how old what is deleted must be, such as 30d")
        }
        try options.check(isFiltered: olderThan != nil || !filters.isEmpty)
        try StateList<CommandState>.check(filters.named, Self.takes, "prune")
    }

    func run() throws {
        try BulkRun(.prune, on: .outbox, database: database, output: output, options: options).run { inspector in
            try filters.selection(inspector, states: [.sent], prunedBefore: olderThan?.microseconds)
        }
    }
}
