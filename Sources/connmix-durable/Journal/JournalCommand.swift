import ArgumentParser

/// `connmix-durable journal`
struct JournalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "What came in.",
        discussion: "Example:  connmix-durable journal list --state dead --since 2h",
        subcommands: [
            JournalListCommand.self, JournalShowCommand.self, JournalRetryCommand.self, JournalReplayCommand.self,
            JournalTailCommand.self, JournalCausesCommand.self, JournalRehearseCommand.self, JournalExportCommand.self,
            JournalImportCommand.self, JournalDiscardCommand.self, JournalRestoreCommand.self, JournalPruneCommand.self,
        ])
}
