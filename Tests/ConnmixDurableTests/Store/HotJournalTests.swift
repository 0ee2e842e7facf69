import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("files that somebody was killed over before they had a log", .timeLimit(.minutes(1)))
struct HotJournalTests {
    /// A file and its rollback journal as a kill leaves them in the midst of a transaction.
    private func make(_ path: String) async throws {
        let other = path + ".whole"
        await (try Store(path: other)).close()
        let connection = try Connection(path: other, mode: .write)
        try connection.execute("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN")
        // More than the cache holds: pages are written before the commit, the journal is synced before that.
        try connection.execute(
            """
            WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
            INSERT INTO pause (topic, intake, paused_at, actor) SELECT hex(randomblob(100)), 0, i, 'x' FROM n
            """)
        for end in ["", "-journal"] { try FileManager.default.copyItem(atPath: other + end, toPath: path + end) }
        try connection.execute("ROLLBACK")
    }

    @Test("who only reads undoes what was left half done, and sees the file as it was")
    func undone() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await make(path)
            _ = try Inspector(database: path).status()
            #expect(access(path + "-journal", F_OK) != 0)
            #expect(try Connection(path: path, mode: .read).integer("SELECT count(*) FROM pause") == 0)
        }
    }

    @Test("a check does the same")
    func checked() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await make(path)
            #expect(try DatabaseMaintenance(database: path).check().problems == [])
        }
    }

    /// What a power cut left of a file's first write, and its journal: of the file's only page the beginning is missing.
    private func makeFirstWrite(_ path: String, pages: UInt8) throws {
        try Data([UInt8](repeating: 0, count: 3_584)).write(to: URL(fileURLWithPath: path))
        var header: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7, 0, 0, 0, 0, 0xC7, 0x86, 0xFA, 0xFF]
        header += [0, 0, 0, pages, 0, 0, 2, 0, 0, 0, 0x10, 0]
        header += [UInt8](repeating: 0, count: 512 - header.count)
        try Data(header).write(to: URL(fileURLWithPath: path + "-journal"))
    }

    @Test("P8: a first write that a power cut tore is undone, and a consumer makes the file anew")
    func firstWrite() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try makeFirstWrite(path, pages: 0)
            await (try Store(path: path)).close()
            #expect(try DatabaseMaintenance(database: path).check().problems == [])
        }
    }

    @Test("who only reads it is told that it is empty")
    func firstWriteIsRead() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try makeFirstWrite(path, pages: 0)
            let error = #expect(throws: ConnmixError.self) { try Inspector(database: path) }
            #expect(error?.message.contains("is an empty file") == true)
        }
    }

    @Test("what is no database, and was no empty file, is left as it is")
    func notEmptyBefore() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try makeFirstWrite(path, pages: 1)
            let error = #expect(throws: ConnmixError.self) { _ = try Store(path: path) }
            #expect(error?.code == .foreignDatabase)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 3_584)
        }
    }

    @Test("another program's file is left as it is")
    func foreign() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await make(path)
            let other = folder + "/other"
            try Connection(path: other, mode: .create).execute("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
            try FileManager.default.copyItem(atPath: path + "-journal", toPath: other + "-journal")
            let before = try Data(contentsOf: URL(fileURLWithPath: other))
            #expect(throws: ConnmixError.self) { try Inspector(database: other) }
            #expect(try Data(contentsOf: URL(fileURLWithPath: other)) == before)
        }
    }
}
