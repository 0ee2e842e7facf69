internal import ConnmixDevEngine
internal import FoundationEssentials
internal import TestSupport

/// A consumer at work that is killed again and again, and goes on with the same file.
struct ConsumerDeaths: Sendable {
    private static let clients = 20
    private static let perRound = 600
    /// Of those that work off what the killed ones left.
    private static let lastRuns = 5

    let yard: DeathYard
    let ground: String
    /// Its handlers are processes of their own.
    let isSidecar: Bool

    private var database: String { ground + "/work.sqlite3" }

    func run(rounds: Int, seed: UInt64) async throws -> String {
        var random = SeededGenerator(seed: seed)
        if isSidecar { try Data(Self.worker.utf8).write(to: URL(fileURLWithPath: ground + "/worker.py")) }
        var configuration = DevEngine.Configuration()
        configuration.settings.recording = false
        return try await withDevEngine(configuration) { engine in
            let feed = try await engine.feed(
                count: rounds * Self.perRound, clients: Self.clients, payloadBytes: 100, perSecond: 1_500, recordsTexts: true)
            var books = ConsumerBooks(clients: feed.clients)
            for _ in 0..<rounds {
                let plan = KillPlan(
                    calls: isSidecar ? 300 : 600, milliseconds: isSidecar ? 100...1_500 : 10...800, using: &random)
                let program = try Program(
                    "connmix-durable", arguments(engine.center), environment: plan.environment(yard.tap),
                    output: ground + "/said.txt")
                let ending = await program.end(orKillAfter: .milliseconds(plan.milliseconds))
                try hold(ending == .signalled(9), "the consumer ended by itself, with \(ending), see \(ground)/said.txt")
                try await compare(&books, feed, plan: "\(plan)")
            }
            return try await finish(&books, engine, feed)
        }
    }

    private func arguments(_ center: String) -> [String] {
        let common = [
            "consume", "--topic", "chat", "--database", database, "--center", center, "--max-attempts", "100000",
            "--backoff-base", "0.01", "--directory-refresh", "1", "--log-level", "error",
        ]
        return common + (isSidecar ? ["--concurrency", "2", "--worker", "python3", ground + "/worker.py"] : ["--echo"])
    }

    /// Both sides after a kill.
    private func compare(_ books: inout ConsumerBooks, _ feed: Feed, plan: String) async throws {
        // Killed in its first moments it leaves no file, or one without tables.
        guard let file = try? PlainFile(database), (try? file.integer("SELECT count(*) FROM journal")) != nil else {
            return try hold(books.entries == 0, "P2: \(plan): the file was there, and cannot be read any more")
        }
        let handedOut = try await feed.progress().popped
        var received: [String: [String]] = [:]
        for client in feed.clients { received[client] = try await feed.received(by: client) }
        do {
            try books.compare(file, handedOut: handedOut, received: received)
        } catch let broken as BrokenPromise {
            throw BrokenPromise("\(plan): \(broken)")
        }
        // A file at an older schema is no fault, where the kill came before the first run.
        if try file.integer("SELECT count(*) FROM run") > 0 { try await yard.examine(database, ground) }
    }

    /// Lets it work off what is left, end in order, and compares all of it.
    ///
    /// What still comes in while it is asked to end is journaled and waits for the next run (P2); on a busy machine that may be much. So
    /// there is a next run until nothing is left, and the engine has nothing more for it.
    private func finish(_ books: inout ConsumerBooks, _ engine: DevEngine, _ feed: Feed) async throws -> String {
        for _ in 0..<Self.lastRuns {
            try await workOff(engine, feed)
            if try waiting() == 0 { break }
        }
        try await compare(&books, feed, plan: "at the end")
        return try books.end()
    }

    private func workOff(_ engine: DevEngine, _ feed: Feed) async throws {
        let program = try Program("connmix-durable", arguments(engine.center), output: ground + "/said.txt")
        do {
            // Before that it may not listen to signals yet.
            try await engine.waitUntil(within: .seconds(60)) { $0.nodes[0].consumers == 1 }
            try await feed.allSent()
            for _ in 0..<1_200 {
                if try waiting() == 0 { break }
                try await Task.sleep(for: .milliseconds(50))
            }
            let left = try waiting()
            try hold(left == 0, "P2, P4: a minute after the last message \(left) rows still wait")
            let ending = await program.terminate()
            try hold(ending == .exited(0), "the last consumer ended with \(ending), see \(ground)/said.txt")
        } catch {
            await program.kill()
            throw error
        }
    }

    private func waiting() throws -> Int {
        guard let file = try? PlainFile(database) else { return 1 }
        return
            (try? file.integer(
                "SELECT (SELECT count(*) FROM journal WHERE state < 8) + (SELECT count(*) FROM outbox WHERE state < 8)")) ?? 1
    }

    private static let worker = """
        import json, sys
        for line in sys.stdin:
            m = json.loads(line)
            print(json.dumps({"id": m["id"], "ok": True, "commands": [
                {"m": "mesh.send", "p": {"c": m["client"], "d": "received: " + m["data"]["frame"]["data"]}}]}), flush=True)
        """
}
