import CSQLite
import Testing

@testable import ConnmixDurable

/// What SQLite asks while it prepares a handler's statement, as a script.
@Suite("the guard of the library's tables")
struct TableGuardTests {
    private func permits(_ action: Int32, _ first: String? = nil, _ second: String? = nil) -> Bool {
        var table = TableGuard()
        return table.permits(action: action, first: first, second: second)
    }

    @Test("P12: no statement of a handler writes, alters, drops or shadows a table of ours, whatever its case")
    func ours() {
        for name in ["journal", "OUTBOX", "Parked_Lane", "migration"] {
            for action in [
                SQLITE_INSERT, SQLITE_UPDATE, SQLITE_DELETE, SQLITE_DROP_TABLE, SQLITE_CREATE_TEMP_TABLE, SQLITE_CREATE_VIEW,
            ] {
                #expect(!permits(action, name), "\(action) of \(name)")
            }
            for action in [
                SQLITE_ALTER_TABLE, SQLITE_CREATE_INDEX, SQLITE_DROP_INDEX, SQLITE_CREATE_TRIGGER, SQLITE_DROP_TRIGGER,
            ] {
                #expect(!permits(action, "main", name), "\(action) of \(name)")
            }
            #expect(permits(SQLITE_READ, name, "id"), "reading is free")
        }
    }

    @Test("P12: the transaction, other files and extensions are not a handler's")
    func others() {
        for action in [SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_ATTACH, SQLITE_DETACH, SQLITE_ANALYZE] {
            #expect(!permits(action, "BEGIN", nil))
        }
        #expect(!permits(SQLITE_PRAGMA, "synchronous", "0"))
        #expect(!permits(SQLITE_PRAGMA, "data_version", "1"))
        #expect(permits(SQLITE_PRAGMA, "data_version"))
        #expect(!permits(SQLITE_FUNCTION, nil, "LOAD_EXTENSION"))
        #expect(permits(SQLITE_FUNCTION, nil, "count"))
    }

    @Test("a handler's own tables are its own; names that our statements call are reserved")
    func own() {
        #expect(permits(SQLITE_INSERT, "orders"))
        #expect(permits(SQLITE_CREATE_TABLE, "orders"))
        #expect(!permits(SQLITE_CREATE_TABLE, "json_each"))
        #expect(!permits(SQLITE_CREATE_VIEW, "PRAGMA_table_info"))
        #expect(permits(SQLITE_CREATE_TRIGGER, "t", "orders"))
    }

    @Test("SQLite's own tables are written only by a statement that drops, alters or indexes something of the handler's")
    func maintenance() {
        var table = TableGuard()
        func permits(_ action: Int32, _ first: String?, _ second: String? = nil) -> Bool {
            table.permits(action: action, first: first, second: second)
        }
        table.beginStatement()
        #expect(!permits(SQLITE_DELETE, "sqlite_sequence"))
        #expect(!permits(SQLITE_REINDEX, "i"))
        #expect(permits(SQLITE_DROP_TABLE, "orders"))
        #expect(permits(SQLITE_DELETE, "sqlite_sequence"))
        #expect(!permits(SQLITE_DELETE, "journal"), "not even then")
        // What one statement may do, the next may not.
        table.beginStatement()
        #expect(!permits(SQLITE_DELETE, "sqlite_stat1"))
        #expect(!table.hasRenamed)
        #expect(permits(SQLITE_ALTER_TABLE, "main", "orders"))
        #expect(table.hasRenamed, "the name it gives is looked at afterwards")
        #expect(!permits(SQLITE_ALTER_TABLE, "temp", "orders"), "it could be given the name of one of ours")
        table.beginStatement()
        #expect(!table.hasRenamed)
    }

    @Test("every table of the schema is guarded")
    func complete() async throws {
        try await withStore { store in
            let names = try store.read { try TableGuard.allTables($0) }
            #expect(names.count > 10)
            #expect(names.filter { !TableGuard.isOurs($0) } == [])
        }
    }
}
