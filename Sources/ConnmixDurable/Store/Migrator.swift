/// Brings a database to the schema of this version, or says clearly why it will not.
///
/// Migrations only go forward, each in an immediate transaction of its own. The applied text is kept in the file and compared
/// to the byte, so that a file made by a changed or foreign program is refused instead of being guessed at.
struct Migrator {
    /// "CMXD": marks a file as ours (https://sqlite.org/pragma.html#pragma_application_id).
    static let applicationID: Int64 = 0x434D_5844

    var migrations = Migration.all
    let path: String

    var newest: Int64 { migrations.last?.version ?? 0 }

    /// Applies what is missing. Only for the owner of the file.
    func migrate(_ connection: Connection) throws {
        try checkNumbering()
        if try isEmpty(connection) {
            try connection.execute("PRAGMA application_id = \(Self.applicationID)")
        } else {
            try checkOwnership(connection)
        }
        let version = try connection.integer("PRAGMA user_version")
        if version == 0 { try connection.execute(SchemaCheck.migrationTable) }
        try checkApplied(connection)
        try checkSchema(connection, version: version)
        for migration in migrations {
            try apply(migration, connection)
        }
    }

    /// Refuses another program's file and a newer one, by the first page only: the others may be of different moments where a checkpoint was
    /// cut short. An empty one may become ours.
    func refuseForeign(firstPageOf connection: Connection) throws {
        if try connection.integer("PRAGMA application_id") != Self.applicationID, try isEmpty(connection) { return }
        try checkOwnership(connection)
    }

    /// Refuses what `migrate` would refuse, and changes nothing.
    func refuseForeign(_ connection: Connection) throws {
        try refuseForeign(firstPageOf: connection)
        if try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'migration'") > 0 {
            try checkApplied(connection)
        }
    }

    /// Checks that the file is ours and of exactly this version. For everybody who is not the owner.
    func verify(_ connection: Connection) throws {
        try checkOwnership(connection)
        let version = try connection.integer("PRAGMA user_version")
        guard version == newest else {
            throw ConnmixError(
                .olderDatabase,
                "\(path) has schema version \(version) and this program needs \(newest); start the consumer, or run database migrate, to bring it up to date"
            )
        }
        try checkApplied(connection)
        try checkSchema(connection, version: version)
    }

    private func checkSchema(_ connection: Connection, version: Int64) throws {
        let applied = migrations.filter { $0.version <= version }
        try SchemaCheck(path: path, migrations: applied).check(connection)
    }

    /// What was applied to a file of ours, oldest first.
    func applied(_ connection: Connection) throws -> [Migration.Applied] {
        var applied: [Migration.Applied] = []
        try connection.prepare("SELECT version, name, applied_at FROM migration ORDER BY version").forEach { row in
            applied.append(.init(version: row.int(0), name: row.text(1), at: row.time(2)))
        }
        return applied
    }

    private func checkNumbering() throws {
        for (index, migration) in migrations.enumerated() where migration.version != Int64(index + 1) {
            throw ConnmixError(
                .internal, "migration \(migration.name) should have number \(index + 1); numbers go up by one, without a gap")
        }
    }

    private func isEmpty(_ connection: Connection) throws -> Bool {
        try connection.integer("SELECT count(*) FROM sqlite_schema") == 0
            && connection.integer("PRAGMA application_id") == 0
            && connection.integer("PRAGMA user_version") == 0
    }

    private func checkOwnership(_ connection: Connection) throws {
        let found = try connection.integer("PRAGMA application_id")
        guard found == Self.applicationID else {
            throw ConnmixError(
                .foreignDatabase,
                "\(path) is a database of another program (application id \(found)); name another file")
        }
        let version = try connection.integer("PRAGMA user_version")
        guard version >= 0 else {
            throw ConnmixError(
                .foreignDatabase, "\(path) was changed by another program: its schema version is \(version); restore a backup")
        }
        guard version <= newest else {
            throw ConnmixError(
                .newerDatabase,
                "\(path) has schema version \(version), newer than this program's \(newest); use a newer connmix-durable")
        }
    }

    private func checkApplied(_ connection: Connection) throws {
        // There may be no such table any more.
        try checkSchema(connection, version: 0)
        var expected: Int64 = 1
        try connection.prepare("SELECT version, name, sql FROM migration ORDER BY version").forEach { row in
            let version = row.int(0)
            guard version == expected else {
                throw ConnmixError(
                    .foreignDatabase, "\(path) lacks migration \(expected) but has \(version); restore a backup")
            }
            guard let known = migrations.first(where: { $0.version == version }) else {
                throw ConnmixError(
                    .newerDatabase,
                    "\(path) has migration \(row.text(1).bounded(toBytes: 100)), unknown to this program; use a newer connmix-durable"
                )
            }
            guard known.sql == row.text(2) else {
                throw ConnmixError(
                    .foreignDatabase,
                    "\(path) was made with another \(row.text(1).bounded(toBytes: 100)) than this program's; use the program that made it"
                )
            }
            expected += 1
        }
        guard try connection.integer("PRAGMA user_version") == expected - 1 else {
            throw ConnmixError(
                .foreignDatabase, "\(path) has migrations up to \(expected - 1) but says otherwise; restore a backup")
        }
    }

    private func apply(_ migration: Migration, _ connection: Connection) throws {
        guard try connection.integer("PRAGMA user_version") < migration.version else { return }
        try connection.execute("BEGIN IMMEDIATE")
        do {
            try connection.withWritableSchema { try connection.execute(migration.sql) }
            let record = try connection.prepare(
                "INSERT INTO migration (version, name, sql, applied_at) VALUES (?1, ?2, ?3, ?4)")
            record.bind(1, migration.version)
            record.bind(2, migration.name)
            record.bind(3, migration.sql)
            record.bind(4, Clock.now())
            try record.run()
            try connection.execute("PRAGMA user_version = \(migration.version)")
            try connection.execute("COMMIT")
        } catch {
            if connection.isInTransaction { try connection.execute("ROLLBACK") }
            // What another program left in the file stands in the way.
            guard let known = error as? ConnmixError, known.code == .internal else { throw error }
            throw ConnmixError(.foreignDatabase, "\(path) cannot be brought to \(migration.name): \(known.message)")
        }
    }
}
