import FoundationEssentials
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("maintenance of the file", .timeLimit(.minutes(1)))
struct DatabaseMaintenanceTests {
    private struct Enough: Error {}

    private func code(_ body: () throws -> Void) -> ConnmixError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? ConnmixError)?.code }
    }

    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func add(_ count: Int, bytes: Int, _ store: Store) async throws {
        try await store.writer.write { transaction in
            try transaction.connection.execute(
                """
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(count))
                INSERT INTO journal (id, state, attempts, flags, run, topic, node, client, received_at, state_at, data)
                SELECT i + (SELECT coalesce(max(id), 0) FROM journal), 8, 1, 0, 1, 't', 'n', 'c', 1, 1, zeroblob(\(bytes)) FROM n
                """)
            transaction.count(count, to: 8, in: .journal)
        }
    }

    @Test("a file is migrated that a first start left which was killed, or lost its power, before its journal was gone")
    func killedFirstStart() async throws {
        try await withFolder { folder in
            let path = folder + "/a.sqlite3"
            _ = try Connection(path: path, mode: .create).text("PRAGMA journal_mode = WAL")
            // https://sqlite.org/fileformat2.html, section 3: it says that the file had no page.
            var journal: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0, 0, 0, 0, 0x4A, 0x88, 0xAD, 0xCC]
            journal += [0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x10, 0] + [UInt8](repeating: 0, count: 512 - 28)
            try Data(journal).write(to: URL(fileURLWithPath: path + "-journal"))
            let maintenance = DatabaseMaintenance(database: path)
            #expect(try maintenance.migrate().applied.count == Migration.all.count)
            #expect(try maintenance.check().problems.isEmpty)
        }
    }

    @Test("a backup beside a writer is sound, private, and whole; it takes the name last")
    func backup() async throws {
        try await withStore { store in
            try await add(500, bytes: 100, store)
            let folder = store.path.replacing("/test.sqlite3", with: "")
            let target = folder + "/copy.sqlite3"
            let maintenance = DatabaseMaintenance(database: store.path)
            let sawTarget = Locked(false)
            let report = try maintenance.backup(to: target) { _ in
                if FileManager.default.fileExists(atPath: target) { sawTarget.withLock { $0 = true } }
            }
            #expect(!sawTarget.withLock { $0 })
            #expect(report.bytes > 0)
            #expect(
                try files(folder) == [
                    "copy.sqlite3", "test.sqlite3", "test.sqlite3-shm", "test.sqlite3-wal", "test.sqlite3.lock",
                ])
            let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try DatabaseMaintenance(database: target).check().problems == [])
            #expect(try Inspector(database: target).status().journal[.done] == 500)
            #expect(code { try maintenance.backup(to: target) } == .cannotCreate)
            #expect(code { try maintenance.backup(to: store.path, replacing: true) } == .cannotCreate)
            try await add(1, bytes: 100, store)
            try maintenance.backup(to: target, replacing: true)
            #expect(try Inspector(database: target).status().journal[.done] == 501)
        }
    }

    @Test("a large file that is written all the time: the copy ends, from one snapshot")
    func busy() async throws {
        try await withStore { store in
            try await add(2_000, bytes: 40_000, store)
            let target = store.path + ".copy"
            let before = try Inspector(database: store.path).status().journal[.done] ?? 0
            let maintenance = DatabaseMaintenance(database: store.path)
            let isDone = Locked(false)
            async let writer: Int = {
                var writes = 0
                while !isDone.withLock({ $0 }) {
                    try await add(1, bytes: 10, store)
                    writes += 1
                }
                return writes
            }()
            let outcome = await Task.detached { Result { try maintenance.backup(to: target) } }.value
            isDone.withLock { $0 = true }
            let report = try outcome.get()
            let writes = try await writer
            #expect(report.held > .zero)
            let copied = try Inspector(database: target).status().journal[.done] ?? 0
            #expect((before...before + Int64(writes)).contains(copied))
        }
    }

    /// A writer that is busy while something is read: some rows each time it is asked.
    private func busyWriter(_ store: Store) throws -> () throws -> Void {
        let other = try SharedStore(path: store.path)
        return {
            try other.write(.records) { transaction in
                try transaction.connection.execute("UPDATE journal SET data = randomblob(2000) WHERE id % 100 = 0")
            }
        }
    }

    @Test("a backup is given up where the log grows too far meanwhile, and leaves nothing behind")
    func logLimit() async throws {
        try await withStore { store in
            try await add(4_000, bytes: 2_000, store)
            let folder = store.path.replacing("/test.sqlite3", with: "")
            let maintenance = DatabaseMaintenance(database: store.path)
            let before = try files(folder)
            let write = try busyWriter(store)
            #expect(
                code {
                    try maintenance.backup(to: folder + "/copy", logLimit: 100_000) { _ in
                        // Enough at each step, however few steps the machine makes of it.
                        for _ in 0..<20 { try write() }
                    }
                } == .busy)
            #expect(try files(folder) == before)
            #expect(code { try maintenance.backup(to: folder + "/copy", logLimit: 100_000) } == nil)
        }
    }

    @Test(
        "beside a consumer a table is not checked to its end where the log grows too far meanwhile; that is no problem, but noted"
    )
    func checkLogLimit() async throws {
        try await withStore { store in
            try await add(20_000, bytes: 100, store)
            var maintenance = DatabaseMaintenance(database: store.path)
            #expect(try maintenance.check().notes.allSatisfy { !$0.contains("table journal") })
            maintenance.checkLogLimit = 10_000
            let write = try busyWriter(store)
            let report = try maintenance.check { if $0.step == "table journal" { try write() } }
            #expect(report.problems.isEmpty)
            #expect(report.notes.contains { $0.hasPrefix("table journal was not looked at to its end") })
        }
    }

    @Test("a backup that is interrupted, or has a foreign log beside its name, leaves nothing behind")
    func interrupted() async throws {
        try await withStore { store in
            let folder = store.path.replacing("/test.sqlite3", with: "")
            let maintenance = DatabaseMaintenance(database: store.path)
            let before = try files(folder)
            #expect(throws: Enough.self) {
                try maintenance.backup(to: folder + "/copy") { if $0.step != "copying" { throw Enough() } }
            }
            #expect(try files(folder) == before)
            try Data("log".utf8).write(to: URL(fileURLWithPath: folder + "/copy-wal"))
            #expect(code { try maintenance.backup(to: folder + "/copy") } == .cannotCreate)
            #expect(code { try maintenance.backup(to: folder + "/no/such/folder") } == .cannotCreate)
        }
    }

    @Test("check finds what SQLite cannot know: counters, claims, lost entries")
    func invariants() async throws {
        try await withFolder { folder in
            let path = folder + "/a.sqlite3"
            let store = try Store(path: path)
            try await add(10, bytes: 10, store)
            await store.close()
            let maintenance = DatabaseMaintenance(database: path)
            #expect(try maintenance.check().problems == [])
            let connection = try Connection(path: path, mode: .write)
            func broken(_ sql: String) throws -> [String] {
                try connection.execute("SAVEPOINT a; \(sql)")
                try connection.execute("RELEASE a")
                return try maintenance.check().problems
            }
            #expect(
                try broken("UPDATE counter SET n = 11 WHERE ledger = 1 AND state = 8").first?.contains("counted 11, there are 10")
                    == true)
            #expect(try broken("UPDATE counter SET n = 10 WHERE ledger = 1 AND state = 8").isEmpty)
            #expect(try broken("INSERT INTO parked_lane VALUES ('l', 5, 1, 'why')").count == 1)
            #expect(try broken("DELETE FROM parked_lane; UPDATE journal SET replay_of = 9 WHERE id = 3").count == 1)
            #expect(
                try broken("UPDATE journal SET replay_of = NULL; UPDATE journal SET state = 3, run = 7 WHERE id = 3").count == 3)
        }
    }

    @Test("check finds a damaged page")
    func damaged() async throws {
        try await withFolder { folder in
            let path = folder + "/a.sqlite3"
            let store = try Store(path: path)
            try await add(200, bytes: 1_000, store)
            await store.close()
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            let page = bytes.count - 4_096
            bytes.replaceSubrange(page..<page + 4_096, with: Data(repeating: 0x5A, count: 4_096))
            try bytes.write(to: URL(fileURLWithPath: path))
            let maintenance = DatabaseMaintenance(database: path)
            #expect(try !maintenance.check().problems.isEmpty)
            #expect(code { try maintenance.backup(to: path + ".copy") } == .corrupt)
            #expect(try files(folder).contains("a.sqlite3.copy") == false)
        }
    }

    @Test("vacuum and migrate need the file for themselves; vacuum gives unused pages back")
    func exclusive() async throws {
        try await withFolder { folder in
            let path = folder + "/a.sqlite3"
            let maintenance = DatabaseMaintenance(database: path)
            #expect(code { _ = try maintenance.migrate() } == .noSuchDatabase)
            #expect(try files(folder) == [])
            let store = try Store(path: path)
            #expect(code { _ = try maintenance.vacuum() } == .busy)
            #expect(code { _ = try maintenance.migrate() } == .busy)
            try await add(300, bytes: 10_000, store)
            try await store.writer.write { transaction in
                try transaction.connection.execute("DELETE FROM journal WHERE id < 300")
                transaction.count(299, from: 8, to: nil, in: .journal)
            }
            await store.close()
            let (before, after) = try maintenance.vacuum()
            #expect(after < before / 4)
            #expect(try maintenance.check().problems == [])
            #expect(try maintenance.info().freePages == 0)
            let (from, applied) = try maintenance.migrate()
            #expect(from == Int64(Migration.all.count) && applied.isEmpty)
        }
    }

    @Test("an older file is brought forward")
    func migrate() async throws {
        try await withFolder { folder in
            let path = folder + "/a.sqlite3"
            let connection = try Connection(path: path, mode: .create)
            try Migrator(migrations: [Migration.all[0]], path: path).migrate(connection)
            let maintenance = DatabaseMaintenance(database: path)
            #expect(code { _ = try maintenance.info() } == .olderDatabase)
            let (from, applied) = try maintenance.migrate()
            #expect(from == 1)
            #expect(applied == Migration.all.dropFirst().map(\.name))
            #expect(try maintenance.info().migrations.count == Migration.all.count)
        }
    }

    @Test("the doctor sees a file that is well, a consumer's lock, and a file it cannot read")
    func doctor() async throws {
        try await withStore { store in
            let report = try DatabaseDoctor(database: store.path).examine()
            let locks = report.findings.first { $0.name == "locks" }
            #expect(locks?.words.contains("\(ProcessInfo.processInfo.processIdentifier)") == true)
            #expect(report.findings.first { $0.name == "files" }?.level == .ok)
            #expect(report.findings.first { $0.name == "pragmas" }?.level == .ok)
        }
        try await withFolder { folder in
            let path = folder + "/a"
            try Data("this is no database, and longer than a header of 100 bytes is long, but that is all".utf8)
                .write(to: URL(fileURLWithPath: path))
            #expect(try DatabaseDoctor(database: path).examine().level == .problem)
            #expect(code { _ = try DatabaseDoctor(database: path + "x").examine() } == .noSuchDatabase)
        }
    }
}
