import ArgumentParser
import ConnmixDurable

/// `connmix-durable actions list`
struct ActionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What operators did, newest first: who, when, why, on what.",
        discussion: "Example:  connmix-durable actions list --limit 10 --json")

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "At most so many; 0 for all.")
    var limit = 50

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is \(limit); it may be 0 (all) or more") }
    }

    func run() throws {
        let inspector = try database.inspector()
        let actions = try inspector.actions(limit: limit == 0 ? .max : limit)
        guard !actions.isEmpty else { throw Failure(.failed, "no operator has changed anything") }
        if output.json {
            try StandardOutput().writeLines(actions) { $0.members(of: $1) }
        } else {
            let states = try actions.map { action in
                let left = action.state == .undone ? try inspector.countApplied(of: action) : 0
                return left == 0 ? action.state.description : "\(action.state), but \(left)"
            }
            try StandardOutput().write(text(actions, states, .output, now: Timestamp.now()))
        }
    }

    /// - Parameter states: in words, in the order of the actions.
    private func text(_ actions: [OperatorAction], _ states: [String], _ terminal: Terminal, now: Int64) -> String {
        let colours = Dictionary(actions.map { ($0.state.description, $0.state.colour) }) { $1 }
        var table = Table([
            .init(title: "ID", isNumber: true),
            .init(title: "ACTION", limit: 16),
            .init(title: "STATE", colour: { colours[$0] }),
            .init(title: "ROWS", isNumber: true),
            .init(title: "AGE", isNumber: true),
            .init(title: "WHO", limit: 24),
            .init(title: "REASON", isFlexible: true),
        ])
        for (action, state) in zip(actions, states) {
            let rows = action.finished == action.total ? "\(action.total)" : "\(action.finished)/\(action.total)"
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
    mutating func members(of action: OperatorAction) {
        key("id"); integer(action.id)
        key("verb"); string(action.verb)
        key("ledger"); string(action.ledger.description)
        key("state"); string(action.state.description)
        key("total"); integer(action.total)
        key("finished"); integer(action.finished)
        key("actor"); string(action.actor)
        key("reason"); string(action.reason)
        key("selection"); object(action.selection)
        key("created_at"); time(action.createdAt)
        key("ended_at"); time(action.endedAt)
    }
}
