import ConnmixDevEngine
import ConnmixDurable
import Subprocess
import SystemPackage
import Testing

@Suite("tail", .timeLimit(.minutes(1)))
struct TailTests {
    /// A consumer, beside whom something follows.
    private func withConsumer(
        _ handler: [String], _ body: @Sendable (DevEngine, EndUser, String) async throws -> Void
    ) async throws {
        try await withDatabase(texts: ["before"], handler: answerEnd) { path in
            try await withDevEngine { engine in
                let consume = ["consume", "--topic", "chat", "--center", engine.center, "--max-attempts", "1"]
                _ = try await Program.run(consume + ["--database", path] + handler) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let user = try await engine.connectEndUser()
                    try await body(engine, user, path)
                }
            }
        }
    }

    @Test("entries as they come, and as they come into a state; Ctrl-C ends with 130")
    func journal() async throws {
        try await withConsumer(["--exec", "sh", "-c", "grep -q good"]) { _, user, path in
            let all = try await Program.run(following: ["journal", "tail", "--json", "--database", path]) { lines in
                #expect(try await lines.next()?.contains("before") == true)
                #expect(try await lines.next()?.contains(#""data":"end""#) == true)
                try await user.send("good")
                #expect(try await lines.next()?.contains("good") == true)
                try await user.send("worse")
                #expect(try await lines.next()?.contains("worse") == true)
            }
            #expect(all == 130)
            let filter = ["--state", "dead", "--json", "--database", path]
            let dead = try await Program.run(following: ["journal", "tail"] + filter) { lines in
                // The first line says that it follows: what is older is shown first.
                #expect(try await lines.next()?.contains("worse") == true)
                try await user.send(contentsOf: ["good 2", "worse 2"])
                let line = try await lines.next() ?? ""
                #expect(line.contains("worse 2") && line.contains(#""state":"dead""#))
            }
            #expect(dead == 130)
        }
    }

    @Test("outbox, beside a consumer that sends")
    func outbox() async throws {
        try await withConsumer(["--echo"]) { _, user, path in
            let filter = ["--state", "sent", "--json", "--database", path]
            let code = try await Program.run(following: ["outbox", "tail"] + filter) { lines in
                #expect(try await lines.next()?.contains("ended") == true)
                try await user.send("hello")
                let line = try await lines.next() ?? ""
                #expect(line.contains("received: hello") && line.contains(#""state":"sent""#))
            }
            #expect(code == 130)
        }
    }

    @Test("a reader that leaves ends it quietly, although nothing comes")
    func brokenPipe() async throws {
        try await withDatabase(texts: ["a"], handler: answerEnd) { path in
            let shell = "\(Program.path.string) journal tail --database \(path); echo code $? >&2"
            let outcome = try await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", "{ \(shell); } | head -1"], output: .string(limit: 65_536),
                error: .string(limit: 65_536))
            #expect(outcome.standardError == "code 0\n")
        }
    }
}
