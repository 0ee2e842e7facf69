import ConnmixDevEngine
import Foundation
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("who is suspected of a death", .timeLimit(.minutes(3)))
struct SuspectTests {
    private func integer(_ database: String, _ query: String) throws -> Int64 {
        try SharedStore(path: database).read { try $0.integer(query) }
    }

    @Test("P6: of what a killed process held in memory, only what was in its handlers")
    func inHandlers() async throws {
        try await withTemporaryDatabase { database in
            try await withDevEngine { engine in
                let child = try Child("crash-child", [database, engine.center])
                var users: [EndUser] = []
                for _ in 0..<12 { users.append(try await engine.connectEndUser()) }
                for user in users { try await user.send("hang") }
                for user in users { try await user.send(contentsOf: (0..<50).map { "\($0)" }) }
                // All eight handlers hang, and everything that was sent is claimed behind them.
                while FileLock.account(database: database)?.entries.count != 8 { await Task.yield() }
                while try Inspector(database: database).status().journal[.running] != 612 { await Task.yield() }
                let held = try #require(FileLock.account(database: database)).entries
                await child.kill()

                let store = try Store(path: database)
                let account = store.lastAccount()
                #expect(account?.entries == held)
                var configuration = ConsumerConfiguration(database: database, topics: ["chat"])
                configuration.retry.maxAttempts = 1
                // Killed before its own account began, the next run takes nothing of it away.
                let recovery = try await store.writer.write { [configuration] transaction in
                    try RunStart(transaction, pid: 1, configuration: configuration, account: account).recovery
                }
                await store.close()
                #expect(recovery == .init(suspects: 8, buried: 0, released: 604))
                #expect(try integer(database, "SELECT count(*) FROM journal WHERE state = 2") == 612)
                #expect(try integer(database, "SELECT count(*) FROM journal WHERE flags = 2 AND attempts = 1") == 8)
                #expect(try integer(database, "SELECT count(*) FROM journal WHERE flags = 0 AND attempts = 0") == 604)
            }
        }
    }

    @Test("P6: a process that is killed from outside while its workers start loses nobody an attempt, and everything is handled")
    func workers() async throws {
        try await withTemporaryDatabase { database in
            let folder = URL(fileURLWithPath: database).deletingLastPathComponent()
            let script = folder.appendingPathComponent("worker.py").path
            // It takes its time to start, and ends with its parent.
            let text = """
                import json, os, sys, time
                parent = os.getppid()
                while not os.path.exists(__file__ + ".go"):
                    if os.getppid() != parent: sys.exit(1)
                    time.sleep(0.01)
                for line in sys.stdin:
                    m = json.loads(line)
                    print(json.dumps({"id": m["id"], "ok": True, "commands": [
                        {"m": "mesh.send", "p": {"c": m["client"], "d": "done"}}]}), flush=True)
                """
            try text.write(toFile: script, atomically: true, encoding: .utf8)
            try await withDevEngine { engine in
                func start() throws -> Child {
                    try Child(
                        "connmix-durable",
                        [
                            "consume", "--topic", "chat", "--database", database, "--center", engine.center, "--max-attempts",
                            "2",
                            "--concurrency", "4", "--worker", "python3", script,
                        ])
                }
                var users: [EndUser] = []
                for round in 1...6 {
                    let child = try start()
                    if round == 1 {
                        for number in 0..<20 {
                            users.append(try await engine.connectEndUser())
                            try await users[number].send("\(number)")
                        }
                    }
                    let claimed = "SELECT count(*) FROM journal WHERE state = 3 AND run = \(round)"
                    // In the first moments there is no file yet, or an empty one.
                    while (try? integer(database, claimed)) != 20 { await Task.yield() }
                    await child.kill()
                }
                _ = FileManager.default.createFile(atPath: script + ".go", contents: nil)
                let last = try start()
                try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 20 }
                await last.terminate()
                #expect(try integer(database, "SELECT count(*) FROM journal WHERE state = 8 AND attempts = 1") == 20)
                #expect(try integer(database, "SELECT count(*) FROM attempt") == 0)
                #expect(try Inspector(database: database).runs().map(\.recovered) == Array(repeating: 0, count: 7))
            }
        }
    }
}
