import FoundationEssentials
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("migrations")
struct MigratorTests {
    @Test("the folder and the embedded list are the same, byte for byte")
    func embedded() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("migrations")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.sorted()
        #expect(names == Migration.all.map(\.name))
        for migration in Migration.all {
            let file = try Data(contentsOf: folder.appendingPathComponent(migration.name))
            let isSame = Array(file) == Array(migration.sql.utf8)
            #expect(isSame, "\(migration.name)")
        }
    }

    private let first = Migration(name: "0001_a.sql", sql: "CREATE TABLE a (x)")
    private let second = Migration(name: "0002_b.sql", sql: "CREATE TABLE b (x); INSERT INTO b SELECT x FROM a")

    private func code(_ body: () throws -> Void) -> ConnmixError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? ConnmixError)?.code }
    }

    @Test("a file is brought forward, once, and refused when it does not fit")
    func forward() async throws {
        try await withFolder { folder in
            let connection = try Connection(path: folder + "/a", mode: .create)
            try Migrator(migrations: [first], path: "a").migrate(connection)
            try connection.execute("INSERT INTO a VALUES (7)")
            let both = Migrator(migrations: [first, second], path: "a")
            #expect(code { try both.verify(connection) } == .olderDatabase)
            try both.migrate(connection)
            try both.migrate(connection)
            try both.verify(connection)
            #expect(try connection.integer("SELECT x FROM b") == 7)
            #expect(try connection.integer("PRAGMA user_version") == 2)
            #expect(code { try Migrator(migrations: [first], path: "a").migrate(connection) } == .newerDatabase)
            let changed = Migration(name: "0001_a.sql", sql: "CREATE TABLE a (y)")
            #expect(code { try Migrator(migrations: [changed, second], path: "a").verify(connection) } == .foreignDatabase)
            #expect(code { try Migrator(migrations: [second], path: "a").migrate(connection) } == .internal)
            try connection.execute("DELETE FROM migration WHERE version = 1")
            #expect(code { try both.migrate(connection) } == .foreignDatabase)
        }
    }

    @Test("a file of before the state \"replayed\" takes it, keeps its rows, and takes no other; the schema is closed again")
    func replayed() async throws {
        try await withFolder { folder in
            let connection = try Connection(path: folder + "/a", mode: .create)
            try Migrator(migrations: Array(Migration.all.prefix(4)), path: "a").migrate(connection)
            let other = try Connection(path: folder + "/a", mode: .write)
            func set(_ state: Int, on connection: Connection) -> ConnmixError.Code? {
                code { try connection.execute("UPDATE journal SET state = \(state) WHERE id = 1") }
            }
            try connection.execute(
                """
                INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data)
                VALUES (1, 9, 1, 0, 1, 't', 'n', 'c', 1, 1, x'')
                """)
            #expect(set(11, on: other) != nil)
            try Migrator(path: "a").migrate(connection)
            try Migrator(path: "a").verify(connection)
            for connection in [connection, other, try Connection(path: folder + "/a", mode: .write)] {
                #expect(set(11, on: connection) == nil)
                #expect(set(12, on: connection) != nil)
                #expect(try connection.text("PRAGMA integrity_check") == "ok")
                try connection.execute("PRAGMA writable_schema = ON")
                #expect(code { try connection.execute("UPDATE sqlite_schema SET sql = sql") } != nil)
                #expect(try connection.integer("SELECT state FROM journal") == 11)
            }
        }
    }

    @Test("a migration that fails leaves nothing behind")
    func failing() async throws {
        try await withFolder { folder in
            let connection = try Connection(path: folder + "/a", mode: .create)
            let bad = Migration(name: "0002_bad.sql", sql: "CREATE TABLE c (x); INSERT INTO nowhere VALUES (1)")
            #expect(code { try Migrator(migrations: [first, bad], path: "a").migrate(connection) } != nil)
            #expect(try connection.integer("PRAGMA user_version") == 1)
            #expect(try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'c'") == 0)
            try Migrator(migrations: [first, second], path: "a").migrate(connection)
        }
    }

    @Test("a file of the schema before gets the kinds of its gaps and connections from their words")
    func causes() async throws {
        try await withFolder { folder in
            let connection = try Connection(path: folder + "/a", mode: .create)
            try Migrator(migrations: Array(Migration.all.prefix(3)), path: "a").migrate(connection)
            let reasons = [
                "not connected yet: the node was just listed", "not connected yet: the node has restarted and has a new id",
                "the connection ended: reset", "queue.pop was refused: 201", "paused: the disk is full",
                "no consumer was running: its process died, at this time or later",
            ]
            for reason in reasons {
                try connection.execute(
                    "INSERT INTO gap (run, node, address, began_at, reason) VALUES (1, 'a', 'h:1', 1, '\(reason)')")
            }
            for reason in ["'the process died, at most 3 messages'", "'reset'", "NULL"] {
                try connection.execute(
                    "INSERT INTO epoch (run, node, address, opened_at, reason) VALUES (1, 'a', 'h:1', 1, \(reason))")
            }
            try Migrator(path: "a").migrate(connection)
            #expect(try LossReader.gaps(connection, oldestFirst()).map(\.cause) == GapCause.allCases)
            #expect(try connection.text("SELECT group_concat(cause) FROM (SELECT cause FROM epoch ORDER BY id)") == "2,1,1")
        }
    }

    private func oldestFirst() -> GapFilter {
        var filter = GapFilter()
        filter.order = .oldest
        return filter
    }
}
