import ConnmixDevEngine
import FoundationEssentials
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import ConnmixDurable
@testable import connmix_durable

@Suite("status says why no consumer runs", .timeLimit(.minutes(1)))
struct StatusEndTests {
    @Test("stopped with SIGTERM, killed with SIGKILL: since when, and which process")
    func ended() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            let start = Timestamp.now()
            try await withDevEngine { engine in
                let arguments = ["consume", "--database", path, "--center", engine.center, "--topic", "chat", "--echo"]
                let pids = Mutex<[JSON?]>([])
                let look = { @Sendable in
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let consumer = try await status(path)
                    #expect(consumer["running"] == .bool(true))
                    #expect(consumer["ended"] == .null && consumer["ended_at"] == .null && consumer["ended_pid"] == .null)
                    pids.withLock { $0.append(consumer["pid"]) }
                }
                _ = try await Program.run(arguments, during: look)
                let stopped = try await status(path)
                #expect(stopped["ended"] == .text("in order"))
                #expect(stopped["pid"] == .null)
                #expect(stopped["ended_pid"] == pids.withLock { $0[0] })
                var text = try await Program.run("status", "--database", path).output
                #expect(text.contains("not running: stopped in order "))
                #expect(text.contains(" ago (pid \(try pid(stopped)))"))

                try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                _ = try await Program.kill(arguments, once: look)
                let died = try await status(path)
                #expect(died["running"] == .bool(false))
                #expect(died["ended"] == .text("died"))
                #expect(died["ended_pid"] == pids.withLock { $0[1] })
                text = try await Program.run("status", "--database", path).output
                #expect(text.contains("not running: its process (pid \(try pid(died))) died; last sign of life "))
                let seen = try #require(died["ended_at"]?.text.flatMap(Timestamp.microseconds))
                #expect((start...Timestamp.now()).contains(seen))
            }
        }
    }

    @Test("a file on which none has ever run says that")
    func never() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await Store(path: path).close()
            let consumer = try await status(path)
            #expect(consumer["ended"] == .null && consumer["ended_at"] == .null && consumer["ended_pid"] == .null)
            let text = try await Program.run("status", "--database", path).output
            #expect(text.contains("not running: no consumer has ever run on this file"))
        }
    }

    @Test("--check: an owner that has not begun its run is alive, whatever the dead run said; one that has and is silent is not")
    func opening() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try await withDevEngine { engine in
                let arguments = ["consume", "--database", path, "--center", engine.center, "--topic", "chat", "--echo"]
                _ = try await Program.kill(arguments) { try await engine.waitUntil { $0.nodes[0].consumers == 1 } }
            }
            // The dead run's last sign of life is a minute old: the sixth word of its account.
            let file = try FileDescriptor.open(FilePath(DatabasePath.lock(of: path)), .writeOnly)
            var seen = Timestamp.now() - 60_000_000
            let written = try withUnsafeBytes(of: &seen) { try file.writeAll(toAbsoluteOffset: 4_096 + 5 * 8, $0) }
            try file.close()
            #expect(written == 8)

            let store = try Store(path: path)
            let opening = try await Program.run("status", "--check", "--database", path)
            #expect(opening.code == 0, "\(opening.errors)")
            #expect(!opening.output.contains("as of "))
            // As if it had begun that run, and said nothing since.
            try Connection(path: path, mode: .write).execute("UPDATE run SET started_at = \(Timestamp.now())")
            let silent = try await Program.run("status", "--check", "--database", path)
            #expect(silent.code == 1)
            #expect(silent.errors.contains("the consumer stands still"))
            await store.close()
        }
    }

    @Test("--check: an older file whose owner brings it up to date is well; without an owner it is not")
    func migration() async throws {
        try await withFolder { folder in
            let path = folder + "/db"
            try Migrator(migrations: [Migration.all[0]], path: path).migrate(Connection(path: path, mode: .create))
            #expect(try await Program.run("status", "--check", "--database", path).code == Exit.badData.rawValue)
            let lock = try FileLock(database: path)
            try lock.takeOwnership()
            let outcome = try await Program.run("status", "--check", "--database", path)
            #expect(outcome.code == 0, "\(outcome.errors)")
            #expect(outcome.output == "a consumer is bringing \(path) up to date\n")
            #expect(try await Program.run("status", "--database", path).code == Exit.badData.rawValue)
            lock.releaseOwnership()
        }
    }

    private func status(_ path: String) async throws -> [String: JSON] {
        try #require(try await Program.run("status", "--json", "--database", path).objects().first?["consumer"]?.object)
    }

    private func pid(_ consumer: [String: JSON]) throws -> Int {
        guard case .number(let pid) = consumer["ended_pid"] else { throw NeverHappened(what: "a pid") }
        return Int(pid)
    }
}
