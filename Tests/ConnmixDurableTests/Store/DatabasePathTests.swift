import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("where a database lies", .timeLimit(.minutes(1)))
struct DatabasePathTests {
    private func code(_ body: () throws -> Void) -> ConnmixError.Code? {
        do {
            try body()
            return nil
        } catch { return (error as? ConnmixError)?.code }
    }

    private func files(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder))
    }

    @Test("P10: a link leads to the same lock as the file, however it is spelled, and whatever lies in between")
    func links() async throws {
        try await withFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/d/e", withIntermediateDirectories: true)
            let real = folder + "/d/real.sqlite3"
            symlink("d/real.sqlite3", folder + "/link")
            symlink(folder + "/link", folder + "/d/e/again")
            symlink("d", folder + "/folder")
            // The link is there before the file is.
            let store = try Store(path: folder + "/link")
            #expect(
                try files(folder + "/d") == ["e", "real.sqlite3", "real.sqlite3-wal", "real.sqlite3-shm", "real.sqlite3.lock"])
            #expect(try files(folder) == ["d", "link", "folder"])
            let others = [
                real, folder + "/link", folder + "/d/e/again", folder + "/folder/real.sqlite3", folder + "/d/e/../real.sqlite3",
                folder + "//d/./real.sqlite3",
            ]
            for path in others {
                #expect(code { _ = try Store(path: path) } == .busy, "\(path)")
                #expect(try SharedStore(path: path).owner()?.pid == getpid(), "\(path)")
                #expect(code { _ = try DatabaseMaintenance(database: path).vacuum() } == .busy, "\(path)")
                #expect(FileLock.pause(database: path).isKnown)
            }
            _ = try SharedOutbox(database: folder + "/d/e/again").enqueue(.meshPublish(to: "a", "b"))
            #expect(try Inspector(database: real).status().outbox[.pending] == 1)
            await store.close()
            #expect(try files(folder) == ["d", "link", "folder"])
            #expect(try files(folder + "/d/e") == ["again"])
        }
    }

    @Test("links that lead round in a circle, and a file with two names, are refused; the doctor says why")
    func refused() async throws {
        try await withFolder { folder in
            symlink("b", folder + "/a")
            symlink("a", folder + "/b")
            #expect(code { _ = try Store(path: folder + "/a") } == .foreignDatabase)
            let path = folder + "/one"
            await (try Store(path: path)).close()
            #expect(link(path, folder + "/two") == 0)
            for name in [path, folder + "/two"] {
                let before = try files(folder)
                #expect(code { _ = try Store(path: name) } == .foreignDatabase)
                #expect(code { _ = try SharedOutbox(database: name) } == .foreignDatabase)
                #expect(code { _ = try DatabaseMaintenance(database: name).backup(to: folder + "/copy") } == .foreignDatabase)
                #expect(try DatabaseDoctor(database: name).examine().findings.contains { $0.words.contains("hard links") })
                #expect(try files(folder) == before)
            }
            unlink(folder + "/two")
            await (try Store(path: path)).close()
        }
    }

    @Test("what has the lock file's name and is none is neither followed nor written over")
    func lockFile() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            let elsewhere = folder + "/elsewhere"
            try Data("17 1700000000\n".utf8).write(to: URL(fileURLWithPath: elsewhere))
            symlink(elsewhere, path + ".lock")
            #expect(code { _ = try Store(path: path) } == .cannotCreate)
            unlink(path + ".lock")
            #expect(link(elsewhere, path + ".lock") == 0)
            #expect(code { _ = try Store(path: path) } == .cannotCreate)
            unlink(path + ".lock")
            #expect(mkfifo(path + ".lock", 0o600) == 0)
            #expect(code { _ = try Store(path: path) } == .cannotCreate)
            unlink(path + ".lock")
            await (try Store(path: path + ".lock")).close()
            let before = try Data(contentsOf: URL(fileURLWithPath: path + ".lock"))
            #expect(code { _ = try Store(path: path) } == .cannotCreate)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path + ".lock")) == before)
            #expect(try Data(contentsOf: URL(fileURLWithPath: elsewhere)) == Data("17 1700000000\n".utf8))
        }
    }

    @Test("a backup never takes a name that leads to the database or that the database uses")
    func backupTargets() async throws {
        try await withStore { store in
            let folder = DatabasePath.folder(of: store.path)
            symlink("test.sqlite3", folder + "/link")
            symlink("nowhere", folder + "/dangling")
            symlink(".", folder + "/here")
            let before = try files(folder)
            var targets = ["link", "dangling", "test.sqlite3", "here/test.sqlite3"]
            for end in ["-wal", "-shm", "-journal", ".lock"] { targets += ["test.sqlite3" + end, "here/test.sqlite3" + end] }
            for target in targets {
                let maintenance = DatabaseMaintenance(database: folder + "/link")
                #expect(code { try maintenance.backup(to: folder + "/" + target, replacing: true) } == .cannotCreate, "\(target)")
            }
            #expect(try files(folder) == before)
        }
    }

    static let legalNames = [
        "a?immutable=1", "a#b", "a%20b", "file:a", "file::memory:", ":memory:", "two words", "two\nlines", "-x", "--help",
        "'\"`$(x)",
        "ünïcode 漢字", "e\u{301}", "\u{301}accent first", ".hidden", "a.lock.sqlite3", "\\back", "\u{1B}[31m",
        String(repeating: "n", count: 247),
    ]

    @Test("every legal name is a name: file and companions lie where it says, with one mode", arguments: legalNames)
    func names(name: String) async throws {
        try await withFolder { folder in
            let path = folder + "/" + name
            let store = try Store(path: path)
            #expect(try SharedOutbox(database: path).enqueue(.meshPublish(to: "a", "b")) == 1)
            #expect(try Inspector(database: path).status().outbox[.pending] == 1)
            #expect(try DatabaseMaintenance(database: path).check().problems == [])
            #expect(try files(folder) == Set(["", "-wal", "-shm", ".lock"].map { name + $0 }))
            for end in ["", "-wal", "-shm", ".lock"] { #expect(FileFacts(path + end)?.mode == 0o600) }
            await store.close()
            try DatabaseMaintenance(database: path).backup(to: folder + "/" + String(name.dropLast()) + "~", replacing: true)
            #expect(try files(folder).count == 5)
            #expect(try DatabaseMaintenance(database: folder + "/" + String(name.dropLast()) + "~").check().problems == [])
            _ = try DatabaseMaintenance(database: path).vacuum()
        }
    }

    @Test("names whose companions would be too long are refused before anything is made")
    func long() async throws {
        try await withFolder { folder in
            #expect(code { _ = try Store(path: folder + "/" + String(repeating: "n", count: 248)) } == .invalidConfiguration)
            var deep = folder
            while deep.utf8.count < 520 { deep += "/" + String(repeating: "d", count: 60) }
            try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
            #expect(code { _ = try Store(path: deep + "/db") } == .invalidConfiguration)
            #expect(try files(deep).isEmpty)
        }
    }

    @Test("folders and names are told apart by bytes: a slash with an accent behind it is a slash")
    func parts() {
        #expect(DatabasePath.folder(of: "a/b") == "a")
        #expect(DatabasePath.folder(of: "/b") == "/")
        #expect(DatabasePath.folder(of: "b") == ".")
        #expect(DatabasePath.folder(of: "/a/\u{301}b") == "/a")
        #expect(DatabasePath.name(of: "/a/\u{301}b") == "\u{301}b")
        #expect(DatabasePath.absolute("/a") == "/a")
        #expect(DatabasePath.absolute(":memory:").hasSuffix("/:memory:"))
    }
}
