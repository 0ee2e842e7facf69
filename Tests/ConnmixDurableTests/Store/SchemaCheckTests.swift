import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("a file whose schema another program changed")
struct SchemaCheckTests {
    private func refusal(after sql: String, _ open: (DatabaseFile) throws -> Connection) async throws -> ConnmixError? {
        try await withFolder { folder in
            let file = DatabaseFile(path: folder + "/a")
            try file.openAsOwner(synchronous: .normal).execute(sql)
            do {
                _ = try open(file)
                return nil
            } catch {
                return error as? ConnmixError
            }
        }
    }

    @Test(
        "is refused by whoever opens it, in one line that names the object",
        arguments: [
            ("DROP TABLE attempt", "no table attempt"), ("DROP INDEX journal_open", "no index journal_open"),
            ("ALTER TABLE journal ADD COLUMN extra TEXT", "table journal"), ("ALTER TABLE gap DROP COLUMN times", "table gap"),
            ("CREATE TRIGGER spy AFTER INSERT ON journal BEGIN SELECT 1; END", "trigger spy on table journal"),
            ("DROP TABLE dedupe; CREATE VIEW dedupe AS SELECT 1 AS key", "dedupe is a view and no table"),
            ("DROP TABLE dedupe; CREATE TABLE dedupe (key, entry, seen_at, repeats, repeated_at)", "table dedupe"),
            ("CREATE UNIQUE INDEX one ON journal (client)", "index one on table journal"),
            ("CREATE TABLE json_each (value)", "table json_each"),
            ("CREATE VIEW pragma_table_info AS SELECT 1", "pragma_table_info"),
            ("DROP TABLE migration", "no table migration"), ("PRAGMA user_version = -1", "schema version is -1"),
        ])
    func refused(sql: String, part: String) async throws {
        for open in [
            { try $0.openForReading() }, { try $0.openForChanges() }, { try $0.openAsOwner(synchronous: .normal) },
        ] as [(DatabaseFile) throws -> Connection] {
            let error = try await refusal(after: sql, open)
            #expect(error?.code == .foreignDatabase)
            #expect(error?.message.contains(part) == true, "\(error?.message ?? "nothing")")
        }
    }

    @Test("is accepted where only tables, views, indexes and triggers of the users' own are beside ours")
    func accepted() async throws {
        let sql = """
            CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT);
            CREATE INDEX orders_by_sku ON orders (sku);
            CREATE VIEW latest AS SELECT * FROM journal JOIN orders USING (id);
            CREATE TRIGGER priced AFTER INSERT ON orders BEGIN UPDATE orders SET sku = upper(sku) WHERE id = new.id; END;
            ANALYZE;
            """
        #expect(try await refusal(after: sql) { try $0.openForReading() } == nil)
        #expect(try await refusal(after: sql) { try $0.openForChanges() } == nil)
        #expect(try await refusal(after: sql) { try $0.openAsOwner(synchronous: .normal) } == nil)
    }

    @Test("of version 0, with tables in the way, is refused and left as it is")
    func inTheWay() async throws {
        try await withFolder { folder in
            let file = DatabaseFile(path: folder + "/a")
            let connection = try Connection(path: file.path, mode: .create)
            try connection.execute("PRAGMA application_id = \(Migrator.applicationID); CREATE TABLE journal (x)")
            #expect(throws: ConnmixError.self) { try Migrator(path: file.path).migrate(connection) }
            #expect(try connection.integer("PRAGMA user_version") == 0)
            do {
                try Migrator(path: file.path).migrate(connection)
            } catch {
                #expect((error as? ConnmixError)?.code == .foreignDatabase)
            }
        }
    }

    @Test("ids that are used up are said, and not taken for a full disk")
    func usedUp() async throws {
        try await withFolder { folder in
            let connection = try DatabaseFile(path: folder + "/a").openAsOwner(synchronous: .normal)
            func code(_ body: (Transaction) throws -> Void) -> ConnmixError.Code? {
                do {
                    try Transaction(connection).run(body)
                    return nil
                } catch {
                    return (error as? ConnmixError)?.code
                }
            }
            try connection.execute(
                """
                INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data)
                    VALUES (\(Int64.max), 8, 1, 0, 1, 't', 'n', 'c', 1, 1, x'31');
                INSERT INTO sqlite_sequence VALUES ('run', \(Int64.max)), ('gap', \(Int64.max)), ('action', \(Int64.max));
                """)
            #expect(code { _ = try $0.nextID(.journal) } == .corrupt)
            #expect(code { _ = try $0.nextID(.outbox) } == nil)
            #expect(
                code { _ = try RunTable.begin($0, pid: 1, version: "", handlerVersion: nil, synchronous: .full) } == .corrupt)
            #expect(code { _ = try LossTable.inherit($0, run: 1) } == .corrupt)
            #expect(
                code {
                    _ = try ActionLog.begin($0, .retry, .journal, actor: "", reason: nil, selection: "{}", total: 1)
                } == .corrupt)
        }
    }
}
