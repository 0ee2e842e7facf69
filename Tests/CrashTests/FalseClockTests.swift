import ConnmixDevEngine
import Foundation
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite(
    "clocks that are set", .timeLimit(.minutes(2)),
    .enabled(if: PreloadedLibrary.isPossible, "there is no C compiler at /usr/bin/cc to build the false clock with"))
struct FalseClockTests {
    private func count(_ database: String, _ sql: String) throws -> Int64 {
        try SharedStore(path: database).read { try $0.integer(sql) }
    }

    /// Looks at the file until a count is reached.
    private func wait(_ database: String, _ sql: String, for wanted: Int64) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            // The file may not be there yet.
            if let found = try? count(database, sql), found >= wanted { return }
            try #require(ContinuousClock.now < deadline, "\(sql)")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private let attempts = "SELECT count(*) FROM attempt"
    private let done = "SELECT count(*) FROM journal WHERE state = 8"

    private func consume(_ database: String, _ engine: DevEngine, _ clock: FalseClock, marker: String) throws -> Child {
        try Child(
            "connmix-durable",
            [
                "consume", "--topic", "chat", "--database", database, "--center", engine.center, "--directory-refresh", "1",
                "--retry-base", "1", "--retry-cap", "2", "--log-level", "error", "--exec", "/bin/sh", "-c", "test -e '\(marker)'",
            ], environment: clock.environment)
    }

    @Test("P2: a clock a day ahead and back: a retry waits no longer than its pause, and a command that was refused neither")
    func thereAndBack() async throws {
        try await withTemporaryDatabase { database in
            let folder = URL(fileURLWithPath: database).deletingLastPathComponent().path
            let clock = try await FalseClock(folder: folder)
            try await withDevEngine { engine in
                let child = try consume(database, engine, clock, marker: folder + "/marker")
                _ = try await engine.feed(count: 3, clients: 1, perSecond: 100)
                try await wait(database, attempts, for: 1)
                try clock.set(ahead: 86_400)
                // The next attempts fail by the new clock.
                let tomorrow = Int64(Date().timeIntervalSince1970 + 43_200) * 1_000_000
                try await wait(database, "SELECT count(*) FROM attempt WHERE ended_at > \(tomorrow)", for: 1)
                try clock.set(ahead: 0)
                try Data().write(to: URL(fileURLWithPath: folder + "/marker"))
                try await wait(database, done, for: 3)
                await child.terminate()
            }
        }
    }

    @Test("a clock that is ahead for a moment forgets no dedupe key, and makes no repeat a new message")
    func repeats() async throws {
        try await withTemporaryDatabase { database in
            let clock = try await FalseClock(folder: URL(fileURLWithPath: database).deletingLastPathComponent().path)
            try await withDevEngine { engine in
                let child = try Child(
                    "connmix-durable",
                    [
                        "consume", "--topic", "chat", "--database", database, "--center", engine.center, "--log-level", "error",
                        "--echo", "--dedupe", "frame.data", "--dedupe-window", "3600",
                    ], environment: clock.environment)
                let user = try await engine.connectEndUser()
                let entries = "SELECT count(*) FROM journal"
                try await user.send("first")
                try await wait(database, entries, for: 1)
                try clock.set(ahead: 100_000)
                // Seen before, by whichever clock.
                try await user.send(contentsOf: ["first", "second"])
                try await wait(database, entries, for: 2)
                try clock.set(ahead: 0)
                try await user.send(contentsOf: ["first", "second", "third"])
                try await wait(database, entries, for: 3)
                try await wait(database, "SELECT sum(repeats) FROM dedupe", for: 3)
                await child.terminate()
                #expect(try count(database, entries) == 3)
            }
        }
    }

    @Test("P2: the clock is set back while no consumer runs: what waits is handled all the same")
    func whileAway() async throws {
        try await withTemporaryDatabase { database in
            let folder = URL(fileURLWithPath: database).deletingLastPathComponent().path
            let clock = try await FalseClock(folder: folder)
            try await withDevEngine { engine in
                try clock.set(ahead: 86_400)
                let first = try consume(database, engine, clock, marker: folder + "/marker")
                _ = try await engine.feed(count: 3, clients: 1, perSecond: 100)
                try await wait(database, attempts, for: 1)
                await first.kill()
                try clock.set(ahead: 0)
                try Data().write(to: URL(fileURLWithPath: folder + "/marker"))
                let second = try consume(database, engine, clock, marker: folder + "/marker")
                try await wait(database, done, for: 3)
                await second.terminate()
            }
        }
    }
}
