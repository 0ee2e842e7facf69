internal import CSQLite

/// Keeps handlers' statements away from the library's tables, its transaction, and other files.
///
/// Asked by SQLite while a statement is prepared (https://sqlite.org/c3ref/set_authorizer.html), so it costs nothing when one runs.
struct TableGuard {
    private static let tables: Set<String> = [
        "action", "action_item", "adoption", "attempt", "change", "counter", "dedupe", "epoch", "gap", "journal", "migration",
        "outbox",
        "parked_lane", "pause", "run", "runtime",
    ]

    /// Whose statements are judged; while it is `nil`, everything is permitted.
    var closure: GuardedClosure?
    /// The statement drops, alters or indexes something that is not ours; SQLite keeps its own tables in step then.
    private var maintains = false
    /// The statement alters something: SQLite does not say which name it gives it.
    private(set) var hasRenamed = false

    mutating func beginStatement() {
        (maintains, hasRenamed) = (false, false)
    }

    mutating func permits(action: Int32, first: String?, second: String?) -> Bool {
        if closure == .read, Self.changes.contains(action) { return false }
        switch action {
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_ATTACH, SQLITE_DETACH, SQLITE_ANALYZE: return false
        // Full-text tables look at it.
        case SQLITE_PRAGMA: return first == "data_version" && second == nil
        case SQLITE_FUNCTION: return second?.lowercased() != "load_extension"
        case SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE:
            return !Self.isOurs(first) && (maintains || !Self.isOfSQLite(first))
        case SQLITE_REINDEX: return maintains
        case SQLITE_DROP_TABLE, SQLITE_DROP_TEMP_TABLE, SQLITE_DROP_VTABLE: return maintain(!Self.isOurs(first))
        // A table of the same name, also a temporary one, would stand before ours, or before what our statements call.
        case SQLITE_CREATE_TABLE, SQLITE_CREATE_VIEW, SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_TEMP_VIEW, SQLITE_CREATE_VTABLE:
            return !Self.isOurs(first) && !Self.isReserved(first)
        // The table is the second argument of these.
        case SQLITE_ALTER_TABLE:
            hasRenamed = true
            // A temporary table could be given the name of one of ours.
            return maintain(first != "temp" && !Self.isOurs(second))
        case SQLITE_CREATE_INDEX, SQLITE_CREATE_TEMP_INDEX, SQLITE_DROP_INDEX, SQLITE_DROP_TEMP_INDEX:
            return maintain(!Self.isOurs(second))
        case SQLITE_CREATE_TRIGGER, SQLITE_DROP_TRIGGER, SQLITE_CREATE_TEMP_TRIGGER: return !Self.isOurs(second)
        default: return true
        }
    }

    /// What a reading connection could not do; refused here, it is told in other words than a file's mode.
    private static let changes: Set<Int32> = [
        SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE, SQLITE_REINDEX, SQLITE_ALTER_TABLE, SQLITE_CREATE_TABLE, SQLITE_CREATE_VIEW,
        SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_TEMP_VIEW, SQLITE_CREATE_VTABLE, SQLITE_CREATE_INDEX, SQLITE_CREATE_TEMP_INDEX,
        SQLITE_CREATE_TRIGGER, SQLITE_CREATE_TEMP_TRIGGER, SQLITE_DROP_TABLE, SQLITE_DROP_VIEW, SQLITE_DROP_TEMP_TABLE,
        SQLITE_DROP_TEMP_VIEW, SQLITE_DROP_VTABLE, SQLITE_DROP_INDEX, SQLITE_DROP_TEMP_INDEX, SQLITE_DROP_TRIGGER,
        SQLITE_DROP_TEMP_TRIGGER,
    ]

    private mutating func maintain(_ isPermitted: Bool) -> Bool {
        if isPermitted { maintains = true }
        return isPermitted
    }

    static func isOurs(_ table: String?) -> Bool {
        table.map { tables.contains($0.lowercased()) } ?? false
    }

    /// A name that our statements give to a function: a table of that name would be taken for it.
    static func isReserved(_ name: String?) -> Bool {
        guard let name = name?.lowercased() else { return false }
        return name == "json_each" || name == "json_tree" || name.hasPrefix("pragma_")
    }

    /// A table of SQLite itself but for the schema, which is written by CREATE and the like only.
    private static func isOfSQLite(_ table: String?) -> Bool {
        guard let name = table?.lowercased(), name.hasPrefix("sqlite_") else { return false }
        return !["sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"].contains(name)
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
