import ConnmixDurable
import Testing
import TestSupport

@Suite("consume: order, repeats, retries, retention", .timeLimit(.minutes(1)))
struct ConsumeSettingsTests {
    /// Fails `later` by the policy, buries `bad`, and answers anything else with itself.
    private let handler = """
        import json, sys
        m = json.loads(sys.stdin.readline())
        what = m["data"]["frame"]["data"]
        if what == "bad": sys.exit(65)
        if what == "later": sys.exit(75)
        print(json.dumps({"m": "mesh.send", "p": {"c": m["client"], "d": what}}))
        """

    @Test("--lane PATH with --dead-head park: one value stands still, others of the same client go on")
    func lanePath() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["bad", "bad", "good"], answers: 1, database: folder + "/db",
                options: ["--lane", "frame.data", "--dead-head", "park"],
                handler: ["--exec", "python3", try script(folder, handler)])
            #expect(run.frames == ["good"])
            #expect(try run.states() == [.dead, .pending, .done])
            #expect(try run.entries().map(\.lane) == ["bad", "bad", "good"])
        }
    }

    @Test("messages without a value at the path keep the order of their client")
    func laneFallback() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["bad", "good"], answers: 1, database: folder + "/db", options: ["--lane", "no.such"],
                handler: ["--exec", "python3", try script(folder, handler)])
            let entries = try run.entries()
            #expect(entries.map { $0.lane ?? $0.client } == entries.map(\.client))
        }
    }

    @Test("--lane topic and --lane none", arguments: [("topic", "chat"), ("none", "")])
    func laneWords(word: String, lane: String) async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["a", "b"], answers: 2, database: folder + "/db", options: ["--lane", word], handler: ["--echo"])
            #expect(try run.entries().map(\.lane) == [lane, lane])
        }
    }

    @Test("--lane-order relaxed lets others pass; --retry-base is apart from the connections' backoff")
    func relaxed() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["later", "next"], answers: 1, database: folder + "/db",
                options: ["--lane-order", "relaxed", "--retry-base", "60", "--retry-cap", "60"],
                handler: ["--exec", "python3", try script(folder, handler)])
            #expect(run.frames == ["next"])
            let entries = try run.entries()
            #expect(entries.map(\.state) == [.pending, .done])
            #expect(entries.first.flatMap { entry in entry.availableAt.map { $0 - entry.receivedAt > 30_000_000 } } == true)
        }
    }

    @Test("--dedupe: a repeat of topic, client and values is handled once")
    func dedupe() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["a", "a", "b"], answers: 2, database: folder + "/db",
                options: ["--dedupe", "client", "frame.data", "--dedupe-window", "2h"], handler: ["--echo"])
            #expect(run.frames == ["received: a", "received: b"])
            let entries = try run.entries()
            #expect(entries.map(\.dedupeKey) == ["a", "b"].map { "[\"chat\",\"\(entries[0].client)\",\"\($0)\"]" })
        }
    }

    @Test("--dedupe: messages that lack one of the values are all handled")
    func dedupeMissing() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["a", "a"], answers: 2, database: folder + "/db", options: ["--dedupe", "frame.data", "frame.number"],
                handler: ["--echo"])
            #expect(run.frames == ["received: a", "received: a"])
        }
    }

    @Test("--retention-age deletes what an earlier run did; the newest entry stays; 0 keeps all")
    func retention() async throws {
        try await withFolder { folder in
            let first = try await ConsumeRun(["a", "b"], answers: 2, database: folder + "/db", handler: ["--echo"])
            #expect(try first.entries().map(\.id) == [1, 2])
            let second = try await ConsumeRun(
                ["c"], answers: 1, database: folder + "/db", options: ["--retention-age", "0", "--retention-size", "0"],
                handler: ["--echo"])
            #expect(try second.entries().map(\.id) == [1, 2, 3])
            let third = try await ConsumeRun(
                ["d"], answers: 1, database: folder + "/db", options: ["--retention-age", "0.000001", "--retention-size", "1G"],
                handler: ["--echo"])
            #expect(try third.entries().allSatisfy { $0.id != 1 })
        }
    }
}
