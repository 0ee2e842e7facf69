import ArgumentParser

/// `connmix-durable actions`
struct ActionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "What operators did, and undo.",
        discussion: "Example:  connmix-durable actions list",
        subcommands: [ActionsListCommand.self, ActionsUndoCommand.self])
}
