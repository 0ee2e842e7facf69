import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("statements of handlers")
struct OwnStatementTests {
    /// Runs `write` as the consumer does.
    private func run(within limit: Duration = OwnTables.timeLimit, _ write: @escaping OwnWrite) async throws -> OwnWriteFailure? {
        try await withFolder { folder in
            let connection = try DatabaseFile(path: folder + "/a").openAsOwner(synchronous: .normal)
            do {
                try Transaction(connection).run { transaction in
                    _ = try transaction.savepoint { try OwnTables.run([write], on: connection, within: limit) }
                }
                return nil
            } catch let failure as OwnWriteFailure {
                return failure
            }
        }
    }

    private func words(_ failure: OwnWriteFailure?) -> String {
        if case .handler(let error as ConnmixError) = failure, error.code == .badData || error.code == .timedOut {
            return error.message
        }
        return "no: \(String(describing: failure))"
    }

    @Test(
        "a second statement is refused and named, and neither is run",
        arguments: [
            ("INSERT INTO own VALUES (1); DROP TABLE own", "DROP TABLE own"),
            ("INSERT INTO own VALUES (1);\n-- and\n COMMIT", "COMMIT"), ("SELECT 1; nonsense", "nonsense"),
            ("SELECT 1; SELECT 2; SELECT 3", "SELECT 2"), ("SELECT 1;\0DROP TABLE own", "DROP TABLE own"),
        ])
    func second(sql: String, rest: String) async throws {
        let failure = try await run { tables in
            try tables.execute("CREATE TABLE own (x)")
            do {
                try tables.execute(sql)
            } catch {
                #expect(try tables.query("SELECT * FROM own").isEmpty)
                throw error
            }
        }
        #expect(words(failure).contains("more than one statement"), "\(words(failure))")
        #expect(words(failure).contains(rest), "\(words(failure))")
    }

    @Test(
        "what ends one statement is no second one",
        arguments: ["SELECT 1;", "SELECT 1 ; ;\n", "SELECT 1; -- done", "SELECT 1 /* x */"])
    func one(sql: String) async throws {
        let failure = try await run { tables in
            let rows = try tables.query(sql)
            #expect(rows.count == 1)
        }
        #expect(failure == nil)
    }

    @Test(
        "an empty statement, and one that SQLite does not understand, are the handler's fault",
        arguments: ["", "-- x", "SELEKT 1", "SELECT * FROM nowhere"])
    func none(sql: String) async throws {
        let failure = try await run { tables in try tables.execute(sql) }
        #expect(words(failure).hasPrefix("no:") == false, "\(words(failure))")
        #expect(!words(failure).contains("bug"), "\(words(failure))")
        #expect(sql.hasPrefix("SELE") == words(failure).contains("in your write closure"), "\(words(failure))")
    }

    @Test("errors of the author's are told as the author's, with SQLite's words first")
    func authors() async throws {
        for (sql, beginning) in [
            ("SELECT * FROM nowhere", "no such table: nowhere, in your write closure"),
            ("INSERT INTO own VALUES (1), (1)", "UNIQUE constraint failed: own.x, in your write closure"),
            ("DELETE FROM journal", "not authorized, in your write closure"),
            ("SELECT abs(-9223372036854775808)", "integer overflow, in your write closure"),
        ] {
            let failure = try await run { tables in
                try tables.execute("CREATE TABLE own (x UNIQUE)")
                try tables.execute(sql)
            }
            #expect(words(failure).hasPrefix(beginning), "\(words(failure))")
        }
    }

    @Test(
        "P12: what keeps SQLite's own tables, and what our statements call, is out of reach",
        arguments: [
            "DELETE FROM sqlite_sequence", "UPDATE sqlite_sequence SET seq = 0", "INSERT INTO sqlite_sequence VALUES ('run', 7)",
            "ANALYZE", "ANALYZE journal", "REINDEX", "REINDEX journal_open", "VACUUM", "DELETE FROM sqlite_master",
            "CREATE TABLE json_each (value)", "CREATE TEMP TABLE pragma_table_info (x)", "CREATE TEMP VIEW json_tree AS SELECT 1",
            "CREATE TEMP TABLE journal (x)", "SELECT load_extension('x')", "ALTER TABLE temp.scratch RENAME TO journal",
            "ALTER TABLE own RENAME TO json_each", "CREATE TEMP TRIGGER t AFTER INSERT ON main.journal BEGIN SELECT 1; END",
            "INSERT INTO own VALUES (7)",
        ])
    func denied(sql: String) async throws {
        let failure = try await run { tables in
            try tables.execute("CREATE TABLE own (x)")
            try tables.execute("CREATE TEMP TABLE scratch (x)")
            try tables.execute(
                "CREATE TRIGGER t AFTER INSERT ON own WHEN new.x = 7 BEGIN DELETE FROM sqlite_sequence; END")
            try tables.execute(sql)
        }
        #expect(words(failure).hasPrefix("no:") == false, "\(sql): \(words(failure))")
    }

    @Test("a name that is ours in another way cannot be kept by swallowing the error")
    func swallowed() async throws {
        let failure = try await run { tables in
            try tables.execute("CREATE TABLE own (x)")
            _ = try? tables.execute("ALTER TABLE own RENAME TO json_each")
        }
        #expect(words(failure).contains("json_each"), "\(words(failure))")
    }

    @Test("tables of the handler's own are kept in order with everything that belongs to it")
    func permitted() async throws {
        let failure = try await run { tables in
            for sql in [
                "CREATE TABLE own (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)", "INSERT INTO own (x) VALUES ('a')",
                "CREATE UNIQUE INDEX own_x ON own (x)", "ALTER TABLE own ADD COLUMN y", "ALTER TABLE own RENAME COLUMN y TO z",
                "ALTER TABLE own RENAME TO mine", "DROP INDEX own_x", "CREATE VIEW seen AS SELECT * FROM mine", "DROP VIEW seen",
                "CREATE TEMP TABLE scratch AS SELECT * FROM mine", "CREATE INDEX temp.i ON scratch (x)", "DROP TABLE scratch",
                "CREATE VIRTUAL TABLE texts USING fts5(body)", "INSERT INTO texts VALUES ('hello')", "DROP TABLE texts",
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) INSERT INTO mine (x) SELECT 'n' || i FROM n",
                "DROP TABLE mine",
            ] { try tables.execute(sql) }
        }
        #expect(failure == nil, "\(String(describing: failure))")
    }

    private static let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"

    @Test("a statement that never ends is interrupted, and so is a query that answers for ever")
    func endless() async throws {
        let counting = try await run(within: .milliseconds(50)) { tables in
            _ = try tables.query("\(Self.endless) SELECT count(*) FROM n")
        }
        #expect(words(counting).contains("ran for more than"), "\(words(counting))")
        let answering = try await run { tables in
            _ = try tables.query("\(Self.endless) SELECT zeroblob(1000000) FROM n")
        }
        #expect(words(answering).contains("MiB"), "\(words(answering))")
        // SQLite undoes the whole transaction where a change is interrupted.
        let writing = try await run(within: .milliseconds(50)) { tables in
            try tables.execute("CREATE TABLE own (x)")
            try tables.execute("\(Self.endless) INSERT INTO own SELECT i FROM n WHERE i < 0")
        }
        guard case .transactionEnded? = writing else { return #expect(Bool(false), "\(words(writing))") }
    }
}
