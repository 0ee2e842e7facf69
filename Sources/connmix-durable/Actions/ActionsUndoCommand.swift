import ArgumentParser
import ConnmixDurable

/// `connmix-durable actions undo`
struct ActionsUndoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Takes an action back, for every row to which nothing has happened since.",
        discussion: """
            Example:  connmix-durable actions undo 12 --reason "wrong topic"
            Of a replay the new entries that are still pending are discarded, and their originals are dead again. Deleted rows do not come back.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The action's id.")
    var action: Int64
    @Flag(name: .shortAndLong, help: "Do not ask. Needed where there is no terminal.")
    var yes = false
    @Flag(help: "Print the ids of what it was applied to, and change nothing.")
    var dryRun = false
    @Option(help: "Why. Kept with the action.")
    var reason: String?

    func run() throws {
        let inspector = try database.inspector()
        let record = try inspector.action(action)
        let rows = try inspector.appliedRows(of: record)
        let noun = record.ledger.rows(rows.count)
        let what = "action \(action), \(record.verb) of \(noun)"
        // What cannot be undone at all is refused below, with what to do instead.
        let canBeUndone = OperatorVerb(rawValue: record.verb)?.canBeUndone ?? false
        guard !rows.isEmpty || !dryRun && !canBeUndone else {
            throw Failure(.failed, "nothing of action \(action) is left to undo")
        }
        if dryRun {
            try StandardOutput().write(ids: rows, asJSON: output.json)
            return StandardError.write(line: "\(what), would be undone; nothing was changed")
        }
        try Question.consent(to: "Undo \(what)?", toDo: "\(what), would be undone", isGiven: yes)
        let report =
            switch record.ledger {
            case .journal: try JournalOperator(database: database.database).undo(action, reason: reason)
            case .outbox: try OutboxOperator(database: database.database).undo(action, reason: reason)
            }
        try BulkReport(.undo, rows: noun, report, total: rows.count).write(json: output.json)
        if report.applied.isEmpty { throw Failure(.failed, "nothing was changed") }
    }
}

extension OperatorAction {
    /// What it is about.
    var ledger: Ledger { isOnJournal ? .journal : .outbox }
}
