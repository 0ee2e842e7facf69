import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("files beside a database", .timeLimit(.minutes(1)))
struct CompanionFileTests {
    private struct Facts: Equatable {
        let user: UInt32
        let group: UInt32
        let mode: UInt32

        init(_ path: String) throws {
            var facts = stat()
            try #require(lstat(path, &facts) == 0, "\(path)")
            (user, group, mode) = (facts.st_uid, facts.st_gid, facts.st_mode & 0o7777)
        }
    }

    /// A database that belongs to somebody else, closed, with nothing beside it.
    private func withForeignOwner(mode: mode_t, _ body: (String, Facts) async throws -> Void) async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            await (try Store(path: path)).close()
            for end in ["-wal", "-shm", ".lock"] { unlink(path + end) }
            #expect(chown(path, 65_534, 65_533) == 0)
            #expect(chmod(path, mode) == 0)
            try await body(path, try Facts(path))
        }
    }

    @Test(
        "root makes lock, log, index and copies for the database's owner, with its group and mode",
        .enabled(if: geteuid() == 0, "giving files away takes root"), arguments: [mode_t(0o600), 0o660, 0o640])
    func owners(mode: mode_t) async throws {
        try await withForeignOwner(mode: mode) { path, facts in
            _ = try SharedOutbox(database: path).enqueue(.meshPublish(to: "a", "b"))
            for end in ["-wal", "-shm", ".lock"] { #expect(try Facts(path + end) == facts, "\(end)") }
            for end in ["-wal", "-shm", ".lock"] { unlink(path + end) }
            let store = try Store(path: path)
            for end in ["-wal", "-shm", ".lock"] { #expect(try Facts(path + end) == facts, "\(end)") }
            await store.close()
            try DatabaseMaintenance(database: path).backup(to: path + ".copy")
            #expect(try Facts(path + ".copy") == facts)
        }
    }

    @Test("a lock file that is there keeps its owner and mode, and a new one of a private database is private")
    func kept() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            _ = try FileLock(database: path)
            #expect(try Facts(path + ".lock").mode == 0o600)
            await (try Store(path: path)).close()
            chmod(path + ".lock", 0o640)
            _ = try FileLock(database: path)
            #expect(try Facts(path + ".lock").mode == 0o640)
        }
    }
}
