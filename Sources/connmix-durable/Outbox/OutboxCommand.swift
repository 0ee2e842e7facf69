import ArgumentParser

/// `connmix-durable outbox`
struct OutboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "What must go out, and what became of it.",
        discussion: "Example:  connmix-durable outbox list --state pending,dead",
        subcommands: [
            OutboxListCommand.self, OutboxShowCommand.self, OutboxRetryCommand.self, OutboxCancelCommand.self,
            OutboxPruneCommand.self, OutboxTailCommand.self, OutboxCausesCommand.self,
        ])
}
