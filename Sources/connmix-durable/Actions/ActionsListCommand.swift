import ArgumentParser
import ConnmixDurable

/// `connmix-durable actions list`
struct ActionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What operators did, newest first: who, when, why, on what.",
        discussion: """
            Example:  connmix-durable actions list --limit 10 --json
            ROWS: how many were changed, of those that were meant. An action is interrupted whose process died; it goes on with --resume.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "At most so many; 0 for all.")
    var limit = 50

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is \(limit); it may be 0 (all) or more") }
    }

    func run() throws {
        let inspector = try database.inspector()
        let listed = try actions(inspector)
        guard !listed.isEmpty else { throw Failure(.failed, "no operator has changed anything") }
        if output.json {
            try StandardOutput().writeLines(listed) { $0.members(of: $1) }
        } else {
            let states = try listed.map(\.action).map { action in
                if action.isInterrupted { return Self.interrupted }
                let left = action.state == .undone ? try inspector.countApplied(of: action) : 0
                return left == 0 ? action.state.description : "\(action.state), but \(left)"
            }
            try StandardOutput().write(text(listed, states, .output, now: Timestamp.now()))
        }
    }

    /// What is listed, newest first.
    func actions(_ inspector: Inspector) throws -> [Listed] {
        try inspector.actions(limit: limit == 0 ? .max : limit).map {
            Listed(action: $0, applied: try inspector.countDone(by: $0))
        }
    }

    struct Listed {
        let action: OperatorAction
        /// To how many rows; `nil` where it keeps none.
        let applied: Int?
    }

    /// It runs, by the file, and its process does not.
    private static let interrupted = "interrupted"

    /// - Parameter states: in words, in the order of the actions.
    private func text(_ actions: [Listed], _ states: [String], _ terminal: Terminal, now: Int64) -> String {
        let colours = Dictionary(
            actions.map { ($0.action.state.description, $0.action.state.colour) } + [(Self.interrupted, .yellow)]
        ) { $1 }
        var table = Table([
            .init(title: "ID", isNumber: true),
            .init(title: "ACTION", limit: 16),
            .init(title: "STATE", colour: { colours[$0] }),
            .init(title: "ROWS", isNumber: true),
            .init(title: "AGE", isNumber: true),
            .init(title: "WHO", limit: 24),
            .init(title: "REASON", isFlexible: true),
        ])
        for (listed, state) in zip(actions, states) {
            let action = listed.action
            let done = listed.applied ?? action.finished
            let rows = done == action.total ? "\(action.total)" : "\(done)/\(action.total)"
            table.add([
                "\(action.id)", "\(action.ledger.description) \(action.verb)", state, rows,
                Age.text(action.createdAt, now: now), action.actor, action.reason ?? "",
            ])
        }
        return table.text(terminal)
    }
}

extension OperatorAction.State {
    /// What it looks like.
    fileprivate var colour: Colour {
        switch self {
        case .finished: .green
        case .running: .cyan
        case .stopped: .yellow
        case .undone: .dim
        }
    }
}

extension JSONWriter {
    /// - Parameter selection: what is shown of what was asked for, as JSON.
    mutating func members(of listed: ActionsListCommand.Listed, selection: String? = nil) {
        let action = listed.action
        key("id"); integer(action.id)
        key("verb"); string(action.verb)
        key("ledger"); string(action.ledger.description)
        key("state"); string(action.state.description)
        key("total"); integer(action.total)
        key("finished"); integer(action.finished)
        key("applied"); integer(listed.applied)
        key("interrupted"); bool(action.isInterrupted)
        key("actor"); string(action.actor)
        key("reason"); string(action.reason)
        key("selection"); object(selection ?? action.selection)
        key("created_at"); time(action.createdAt)
        key("ended_at"); time(action.endedAt)
    }
}
