/// What other processes changed in the file, counted by them, so that the consumer looks only where there is something to see.
enum ChangeMark: Int64 {
    /// Entries of the journal were changed or added, or lanes opened.
    case journal = 1
    /// Commands that were there were changed.
    case commands = 2
    /// Commands were added, behind all others.
    case newCommands = 3
    /// Nothing that a consumer looks at: operators' own records.
    case records = 4

    struct Versions: Sendable, Equatable {
        var journal: Int64 = 0
        var commands: Int64 = 0
        var newCommands: Int64 = 0
        var records: Int64 = 0

        enum Outbox: Equatable {
            case nothing
            case added
            case changed
        }

        /// What has changed since `earlier`, where somebody has committed. Who did not count up (another program) may have changed
        /// anything.
        func news(since earlier: Versions) -> (journal: Bool, outbox: Outbox) {
            guard self != earlier else { return (true, .changed) }
            let outbox: Outbox =
                commands != earlier.commands ? .changed : newCommands != earlier.newCommands ? .added : .nothing
            return (journal != earlier.journal, outbox)
        }
    }

    static func versions(_ connection: Connection) throws -> Versions {
        var versions = Versions()
        try connection.statement("SELECT what, version FROM change").forEach { row in
            switch try row.known(0, "what", of: "a row of table change", as: ChangeMark.self) {
            case .journal: versions.journal = row.int(1)
            case .commands: versions.commands = row.int(1)
            case .newCommands: versions.newCommands = row.int(1)
            case .records: versions.records = row.int(1)
            }
        }
        return versions
    }

    func count(_ transaction: Transaction) throws {
        let update = try transaction.connection.statement(
            "UPDATE change SET version = CASE WHEN version < 9223372036854775807 THEN version + 1 ELSE 0 END WHERE what = ?1")
        update.bind(1, rawValue)
        try update.run()
    }
}
