internal import CSQLite

/// Compares the library's own tables with what its migrations make.
///
/// A file with our id may have been changed by anybody: a table without a column, a trigger on the journal, a view in the place of the
/// outbox. Every statement of this library relies on the schema, so such a file is refused in one clear line. Tables that users have
/// beside ours are theirs.
struct SchemaCheck {
    /// A table, an index, a trigger or a view.
    struct Object: Equatable {
        let kind: String
        let name: String
        let table: String
        /// The statement that made it, without white space; empty where SQLite made it by itself.
        let sql: String

        init(_ row: Statement) {
            kind = row.text(0)
            name = row.text(1)
            table = row.text(2).lowercased()
            sql = String(decoding: row.bytes(3).filter { $0 > 0x20 }, as: UTF8.self)
        }
    }

    static let migrationTable = """
        CREATE TABLE IF NOT EXISTS migration (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, sql TEXT NOT NULL, applied_at INTEGER NOT NULL
        ) STRICT
        """

    let path: String
    /// By their names, in small letters.
    let expected: [String: Object]

    /// - Parameter migrations: those that were applied to the file.
    init(path: String, migrations: some Collection<Migration>) throws {
        self.path = path
        expected = try Self.expected(Array(migrations))
    }

    /// - Throws: `foreignDatabase`, with the first object that is not as it should be.
    func check(_ connection: Connection) throws {
        var found: [String: Object] = [:]
        var strange: Object?
        try Self.read(connection.prepare(Self.select)) { object in
            let name = object.name.lowercased()
            if expected[name] != nil {
                found[name] = object
            } else if expected[object.table]?.kind == "table" && !object.table.hasPrefix("sqlite_") || TableGuard.isReserved(name)
            {
                strange = strange ?? object
            }
        }
        if let strange {
            let place =
                strange.kind == "table" || strange.kind == "view" ? "" : " on table \(strange.table.bounded(toBytes: 100))"
            throw changed(
                "it has the \(strange.kind) \(strange.name.bounded(toBytes: 100))\(place), which connmix-durable did not make")
        }
        for (name, object) in expected.sorted(by: { $0.key < $1.key }) {
            guard let there = found[name] else { throw changed("it has no \(object.kind) \(name)") }
            guard there.kind == object.kind else {
                throw changed("\(name) is a \(there.kind.bounded(toBytes: 20)) and no \(object.kind)")
            }
            guard there == object else { throw changed("its \(object.kind) \(name) is not as connmix-durable made it") }
        }
    }

    private func changed(_ what: String) -> ConnmixError {
        ConnmixError(
            .foreignDatabase, "\(path) was changed by another program: \(what); take that back, or restore a backup")
    }

    // MARK: What should be there

    private static let select = "SELECT type, name, tbl_name, sql FROM sqlite_schema"

    private static func read(_ select: Statement, _ body: (Object) -> Void) throws {
        try select.forEach { body(Object($0)) }
    }

    /// Worked out once a process for each version: a file is opened often.
    private static let known = Locked<[Int: [String: Object]]>([:])

    private static func expected(_ migrations: [Migration]) throws -> [String: Object] {
        let isOurs = migrations == Array(Migration.all.prefix(migrations.count))
        if isOurs, let objects = known.withLock({ $0[migrations.count] }) { return objects }
        let objects = try made(by: migrations)
        if isOurs { known.withLock { $0[migrations.count] = objects } }
        return objects
    }

    /// What the migrations make of an empty database.
    private static func made(by migrations: [Migration]) throws -> [String: Object] {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        guard sqlite3_open(":memory:", &handle) == SQLITE_OK, let handle else {
            throw ConnmixError.sqlite(SQLITE_NOMEM, handle, doing: "working out the schema")
        }
        for sql in [migrationTable] + migrations.map(\.sql) {
            let result = sqlite3_exec(handle, sql, nil, nil, nil)
            guard result == SQLITE_OK else { throw ConnmixError.sqlite(result, handle, doing: "working out the schema") }
        }
        var objects: [String: Object] = [:]
        let select = try select.lend { try Statement($0, on: handle, persistent: false) }
        try read(select) { objects[$0.name.lowercased()] = $0 }
        return objects
    }
}
