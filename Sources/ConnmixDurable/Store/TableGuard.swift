internal import CSQLite

/// Keeps handlers' statements away from the library's tables, its transaction, and other files.
///
/// Asked by SQLite while a statement is prepared (https://sqlite.org/c3ref/set_authorizer.html), so it costs nothing when one runs.
enum TableGuard {
    private static let tables: Set<String> = [
        "action", "action_item", "attempt", "change", "counter", "dedupe", "epoch", "gap", "journal", "migration", "outbox",
        "parked_lane", "run", "runtime",
    ]

    static func permits(action: Int32, first: String?, second: String?) -> Bool {
        switch action {
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_ATTACH, SQLITE_DETACH, SQLITE_PRAGMA: false
        case SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE, SQLITE_DROP_TABLE: !isOurs(first)
        // A temporary table of the same name would stand before ours.
        case SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_TEMP_VIEW, SQLITE_CREATE_VTABLE: !isOurs(first)
        // The table is the second argument of these.
        case SQLITE_ALTER_TABLE, SQLITE_CREATE_INDEX, SQLITE_DROP_INDEX, SQLITE_CREATE_TRIGGER, SQLITE_DROP_TRIGGER,
            SQLITE_CREATE_TEMP_TRIGGER:
            !isOurs(second)
        default: true
        }
    }

    private static func isOurs(_ table: String?) -> Bool {
        table.map { tables.contains($0.lowercased()) } ?? false
    }

    /// The tables that handlers made.
    static func ownTables(_ connection: Connection) throws -> [String] {
        try allTables(connection).filter { !isOurs($0) }
    }

    static func allTables(_ connection: Connection) throws -> [String] {
        var names: [String] = []
        try connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name").forEach {
            names.append($0.text(0))
        }
        return names.filter { !$0.hasPrefix("sqlite_") }
    }
}
