import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("files of others", .timeLimit(.minutes(1)))
struct ForeignFileTests {
    enum Kind: CaseIterable {
        case text
        case rollback
        case writeAheadLog
        case writeAheadLogWithoutTables
        case newer
        case changed
    }

    private func make(_ kind: Kind, _ path: String) async throws -> ConnmixError.Code {
        switch kind {
        case .text:
            try Data(String(repeating: "no database ", count: 1_000).utf8).write(to: URL(fileURLWithPath: path))
        case .rollback:
            try Connection(path: path, mode: .create).execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        case .writeAheadLog, .writeAheadLogWithoutTables:
            let connection = try Connection(path: path, mode: .create)
            try connection.execute("PRAGMA journal_mode = WAL; PRAGMA user_version = 3")
            if kind == .writeAheadLog { try connection.execute("CREATE TABLE t (x)") }
            try connection.checkpoint(truncate: true)
        case .newer, .changed:
            await (try Store(path: path)).close()
            let connection = try Connection(path: path, mode: .write)
            // As a user may have left it: switching back is a change.
            try connection.execute(
                "PRAGMA journal_mode = DELETE; "
                    + (kind == .newer ? "PRAGMA user_version = 999" : "UPDATE migration SET sql = sql || ' ' WHERE version = 1"))
        }
        for end in ["-wal", "-shm", ".lock"] { unlink(path + end) }
        return kind == .newer ? .newerDatabase : .foreignDatabase
    }

    @Test("they are refused before anything is changed or made beside them", arguments: Kind.allCases)
    func untouched(kind: Kind) async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            let code = try await make(kind, path)
            let before = try Data(contentsOf: URL(fileURLWithPath: path))
            let doings: [(String, () throws -> Void)] = [
                ("consume", { _ = try Store(path: path) }),
                ("migrate", { _ = try DatabaseMaintenance(database: path).migrate() }),
                ("vacuum", { _ = try DatabaseMaintenance(database: path).vacuum() }),
                ("info", { _ = try DatabaseMaintenance(database: path).info() }),
                ("backup", { _ = try DatabaseMaintenance(database: path).backup(to: folder + "/copy") }),
                ("status", { _ = try Inspector(database: path).status() }),
                ("send", { _ = try SharedOutbox(database: path).enqueue(.meshPublish(to: "a", "b")) }),
            ]
            for (name, doing) in doings {
                let error = #expect(throws: ConnmixError.self, "\(name)") { try doing() }
                #expect(error?.code == code, "\(name): \(error?.message ?? "")")
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before, "\(name)")
            }
            #expect(try DatabaseDoctor(database: path).examine().level == .problem)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
            let left = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
            // A changed migration is only seen when the file is open, and then its owner is the one who looks.
            #expect(kind == .changed ? left.isSubset(of: ["db", "db.lock"]) : left == ["db"])
        }
    }

    @Test(
        "in the middle of a checkpoint the first page counts pages that are not there yet: that is for whoever sees the log to judge"
    )
    func halfCheckpointed() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            await (try Store(path: path)).close()
            let half = try Data(contentsOf: URL(fileURLWithPath: path)).prefix(5 * 4_096)
            try half.write(to: URL(fileURLWithPath: path + ".half"))
            try DatabaseFile(path: path + ".half").refuseForeign(mustExist: true, for: .reading)
            let error = #expect(throws: ConnmixError.self) { try Inspector(database: path + ".half") }
            #expect(error?.code == .corrupt)
        }
    }

    @Test("an empty file is nobody's, and becomes a database")
    func empty() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try Data().write(to: URL(fileURLWithPath: path))
            #expect(throws: ConnmixError.self) { try Inspector(database: path) }
            await (try Store(path: path)).close()
            #expect(try Inspector(database: path).status().database.schemaVersion == Int64(Migration.all.count))
        }
    }

    @Test("a file whose first moments are in the log only is ours")
    func allInTheLog() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            do {
                // Closed without a checkpoint, as after a kill.
                let connection = try DatabaseFile(path: path).openAsOwner(synchronous: .full)
                #expect(try connection.integer("PRAGMA user_version") > 0)
            }
            #expect(DatabaseFile(path: path).size().log > 0)
            #expect(try Inspector(database: path).status().database.schemaVersion == Int64(Migration.all.count))
            await (try Store(path: path)).close()
        }
    }
}
