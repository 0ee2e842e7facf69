import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Glibc
import Testing
import TestSupport

@Suite("the file, its names and its lock", .timeLimit(.minutes(1)))
struct FilesTests {
    private func consume(_ path: String, _ center: String) -> [String] {
        ["consume", "--database", path, "--center", center, "--topic", "chat", "--echo", "--log-format", "json"]
    }

    @Test("P10: a second consumer through a link is refused with 75; a lock file that is removed ends the first one with 74")
    func lock() async throws {
        try await withFolder { folder in
            let path = folder + "/real.sqlite3"
            symlink("real.sqlite3", folder + "/link")
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let first = try await Program.run(consume(path, engine.center), signals: []) {
                    try await user.send("hello")
                    try await engine.waitUntil { $0.delivered >= 1 }
                    let second = try await Program.run(all: consume(folder + "/link", engine.center))
                    #expect(second.code == 75)
                    #expect(second.errors.contains("one file has one consumer"))
                    let doctor = try await Program.run("doctor", "--database", folder + "/link")
                    #expect(doctor.output.contains("the file is owned by process"))
                    unlink(path + ".lock")
                }
                #expect(first.code == 74)
                #expect(first.errorLines.last?.contains("real.sqlite3.lock was removed beneath the running consumer") == true)
                #expect(first.errors.contains("\"file lost\""))
                #expect(
                    try Set(FileManager.default.contentsOfDirectory(atPath: folder)).isDisjoint(with: ["link.lock", "link-wal"]))
                #expect(try Inspector(database: path).status().journal[.done] == 1)
            }
        }
    }

    @Test("P10: the doctor sees a consumer whose lock file was removed while that could not notice it")
    func doctor() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                _ = try await Program.kill(consume(path, engine.center)) {
                    try await user.send("hello")
                    try await engine.waitUntil { $0.delivered >= 1 }
                    let pid = try #require(try Inspector(database: path).status().consumer.pid)
                    kill(pid, SIGSTOP)
                    unlink(path + ".lock")
                    let doctor = try await Program.run("doctor", "--json", "--database", path)
                    #expect(doctor.code == 1)
                    let words = try doctor.objects().filter { $0["level"] == .text("problem") }.compactMap { $0["words"]?.text }
                    #expect(words.contains { $0.contains("was removed and process \(pid) still uses the one before") })
                    #expect(words.contains { $0.contains("process \(pid) consumes into the file and does not hold its lock") })
                }
            }
        }
    }

    @Test("names that mean something else elsewhere are names", arguments: [":memory:", "file:a?mode=ro", "two\nlines", "-x"])
    func names(name: String) async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            let moved = path.replacing("/test.sqlite3", with: "/" + name)
            rename(path, moved)
            for arguments in [
                ["send", "1", "x"], ["status"], ["outbox", "list"], ["database", "check"], ["database", "vacuum"],
            ] {
                let outcome = try await Program.run(all: arguments + ["--database", moved])
                #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
            }
            let hard = path.replacing("/test.sqlite3", with: "/hard")
            link(moved, hard)
            let outcome = try await Program.run("status", "--database", hard)
            #expect(outcome.code == 65)
            #expect(outcome.errorLines.count == 1 && outcome.errors.contains("hard links"))
        }
    }

    @Test("--group: all four files are the group's, with mode 0660, and doctor has nothing against it; an unknown one is refused")
    func group() async throws {
        try await withFolder { folder in
            // Root gives files to any group, others to their own.
            let id = geteuid() == 0 ? 1 : getegid()
            let name = try #require(getgrgid(id).map { String(cString: $0.pointee.gr_name) })
            let database = folder + "/db"
            try await withDevEngine { engine in
                let arguments = [
                    "consume", "--echo", "--topic", "chat", "--database", database, "--center", engine.center, "--group", name,
                ]
                let outcome = try await Program.run(arguments) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    for suffix in ["", "-wal", "-shm", ".lock"] {
                        var facts = stat()
                        #expect(lstat(database + suffix, &facts) == 0, "\(suffix)")
                        #expect(facts.st_mode & 0o777 == 0o660, "\(suffix)")
                        #expect(facts.st_gid == id, "\(suffix)")
                    }
                    let doctor = try await Program.run("doctor", "--database", database)
                    #expect(doctor.output.contains("mode 660"), "\(doctor.output)")
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
            }
            let unknown = try await Program.run(
                "consume", "--echo", "--topic", "chat", "--database", folder + "/other", "--group", "no-such-group")
            #expect(unknown.code == 64)
            #expect(unknown.errors.contains("there is no group"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/other"))
        }
    }
}
