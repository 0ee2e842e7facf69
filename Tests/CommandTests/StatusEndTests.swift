import ConnmixDevEngine
import FoundationEssentials
import Synchronization
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

    private func status(_ path: String) async throws -> [String: JSON] {
        try #require(try await Program.run("status", "--json", "--database", path).objects().first?["consumer"]?.object)
    }

    private func pid(_ consumer: [String: JSON]) throws -> Int {
        guard case .number(let pid) = consumer["ended_pid"] else { throw NeverHappened(what: "a pid") }
        return Int(pid)
    }
}
