import ArgumentParser

/// `connmix-durable database`
struct DatabaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "database", abstract: "The file: schema, soundness, copies, space.",
        discussion: "Example:  connmix-durable database backup /backup/messages.sqlite3",
        subcommands: [
            DatabaseInfoCommand.self, DatabaseCheckCommand.self, DatabaseBackupCommand.self, DatabaseVacuumCommand.self,
            DatabaseAdoptCommand.self, DatabaseMigrateCommand.self,
        ])
}
