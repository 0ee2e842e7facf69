import ConnmixDevEngine
import ConnmixDurable
import Testing
import TestSupport

@Suite("send, publish, subscribe, unsubscribe, set-context, call", .timeLimit(.minutes(1)))
struct SendTests {
    private func withConsumer(_ body: @Sendable (DevEngine, String) async throws -> Void) async throws {
        try await withFolder { folder in
            try await withDevEngine(.init(nodes: 2)) { engine in
                let consume = ["consume", "--topic", "chat", "--echo", "--center", engine.center, "--database", folder + "/db"]
                let outcome = try await Program.run(consume) {
                    try await engine.waitUntil { $0.nodes.allSatisfy { $0.consumers == 1 } }
                    try await body(engine, folder + "/db")
                }
                #expect(outcome.code == 0)
            }
        }
    }

    @Test("outbox retry --partial sends publishes again that reached only some, and no others")
    func partial() async throws {
        try await withConsumer { engine, path in
            let user = try await engine.connectEndUser()
            func run(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(all: arguments + ["--database", path])
            }
            let none = try await run("outbox", "retry", "--partial", "--yes")
            #expect(none.code == 1 && none.errors.contains("no command matches"))
            // Ids of requests count from 1 on each connection, and the first is the pop.
            for node in engine.nodes {
                try await engine.addFault(
                    .init(.answer(#"{"E":null,"r":{"s":2,"f":1},"i":2}"#), method: "mesh.publish", times: 1), node: node.id)
            }
            let first = try await run("publish", "news", "x", "--wait", "10", "--json")
            let reached = try #require(try first.objects().last)
            #expect(reached["delivered"] == .number(2) && reached["failed"] == .number(1))
            #expect(try await run("send", "\(user.id)", "y", "--wait", "10").code == 0)
            let retried = try await run("outbox", "retry", "--partial", "--yes", "--reason", "some were gone", "--json")
            #expect(retried.code == 0, "\(retried.errors)")
            let again = try await SharedOutbox(database: path).answer(to: 1, within: .seconds(10))
            #expect(again.isSuccess && again.failed == 0)
            #expect(try Inspector(database: path).command(1).writes == 2)
            #expect(try Inspector(database: path).command(2).writes == 1)
        }
    }

    @Test("beside a consumer: each is sent, and --wait prints the engine's answer")
    func answers() async throws {
        try await withConsumer { engine, path in
            let user = try await engine.connectEndUser()
            let client = "\(user.id)"
            func run(_ arguments: String..., input: String = "") async throws -> [String: JSON] {
                let all = arguments + ["--wait", "10", "--json", "--database", path]
                let outcome = try await Program.run(all: all, input: input)
                #expect(outcome.code == 0, "\(arguments): \(outcome.errors)")
                return try #require(try outcome.objects().last)
            }
            #expect(try await run("subscribe", client, "news", "room")["state"] == .text("sent"))
            let publish = try await run("publish", "news", "-", input: "日本\n")
            #expect(publish["delivered"] == .number(1))
            #expect(publish["failed"] == .number(0))
            #expect(try await run("send", client, "AAEC", "--binary", "--lane", "x")["code"] == .null)
            #expect(try await run("unsubscribe", client, "news")["state"] == .text("sent"))
            #expect(try await run("publish", "news", "nobody")["delivered"] == .number(0))
            let set = try await run("set-context", client, "name=\"Ann\"", "level=7", "--at-most-once")
            #expect(set["id"] == .number(7))
            #expect(try await run("call", "mesh.send", #"{"c":"\#(client)","d":"by call"}"#)["state"] == .text("sent"))
            var frames = user.frames.makeAsyncIterator()
            #expect(await frames.next()?.text == "日本\n")
            #expect(await frames.next() == .binary([0, 1, 2]))
            #expect(await frames.next()?.text == "by call")
            #expect(try Inspector(database: path).command(6).function == "set_context_value")
        }
    }

    @Test("refused: exit 1 with the engine's words")
    func refused() async throws {
        try await withConsumer { _, path in
            let call = try await Program.run("call", "no.such", "{}", "--wait", "10", "--database", path)
            #expect(call.code == 1)
            #expect(call.output.hasPrefix("command 1: dead: the engine refused"), "\(call.output)")
            #expect(
                call.errorLines == [
                    #"connmix-durable: warning: connmix has no method "no.such"; the nearest is mesh.send; it is sent all the same"#,
                    "connmix-durable: the command was not taken",
                ])
        }
    }

    @Test("without a consumer: ids, keys, options; --wait says that none runs; SIGTERM ends the wait with 130")
    func withoutConsumer() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            func run(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(all: arguments + ["--database", path])
            }
            let options = ["--key", "k", "--expires-after", "1h", "--lane", "l"]
            let first = try await Program.run(all: ["send", "7", "a"] + options + ["--database", path])
            #expect(first.lines == ["2"])
            #expect(try await run("send", "7", "b", "--key", "k", "--json").lines == [#"{"id":2}"#])
            #expect(try await run("set-context", "7", "a=1", "b=[]", "--node", "1").lines == ["3", "4"])
            let kept = try Inspector(database: path).command(2)
            #expect(kept.lane == "l")
            #expect(kept.expiresAt != nil)
            #expect(try Inspector(database: path).command(3).node == "1")
            let late = try await run("publish", "news", "x", "--wait", "0.1")
            #expect(late.code == 1)
            #expect(late.errors.contains("it goes on being sent once a consumer runs: none does"))
            let once = try await run("publish", "news", "x", "--wait", "0", "--at-most-once")
            #expect(once.errors.contains("it is sent, once at most, when a consumer runs: none does"), "\(once.errors)")
            let interrupted = try await Program.run(["publish", "news", "y", "--wait", "60", "--database", path]) {
                try await eventually("it is there") { try Inspector(database: path).status().outbox[.pending] == 6 }
            }
            #expect(interrupted.code == 130)
        }
    }

    @Test("what cannot be sent is refused in one line, and nothing is enqueued")
    func refusals() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            let cases: [(code: Int32, says: String, [String], input: String)] = [
                (65, "space", ["publish", "a b", "x"], ""),
                (65, "base64", ["send", "7", "???", "--binary"], ""),
                (65, "client id", ["send", "", "x"], ""),
                (65, "no JSON", ["set-context", "7", "name=Ann"], ""),
                (65, "no JSON", ["call", "a.b", "{"], ""),
                (65, "params of a.b", ["call", "a.b", "7"], ""),
                (65, "the channel", ["call", "mesh.publish", "{}"], ""),
                (65, "--expires-after is 0 s", ["send", "7", "x", "--expires-after", "0s"], ""),
                (65, "--lane has 2000 bytes", ["send", "7", "x", "--lane", String(repeating: "l", count: 2_000)], ""),
                (64, "--key is for one", ["set-context", "7", "a=1", "b=2", "--key", "k"], ""),
                (64, "name", ["set-context", "7", "name"], ""),
                (64, "--wait", ["send", "7", "x", "--wait", "soon"], ""),
                (64, "--node", ["send", "7", "x", "--node", "1"], ""),
                (64, "channel", ["subscribe", "7"], ""),
            ]
            for (code, says, arguments, input) in cases {
                let outcome = try await Program.run(all: arguments + ["--database", path], input: input)
                #expect(outcome.code == code, "\(arguments)")
                #expect(outcome.errorLines.count == 1, "\(arguments): \(outcome.errors)")
                #expect(outcome.errors.contains(says), "\(arguments): \(outcome.errors)")
            }
            #expect(try Inspector(database: path).status().outbox[.pending] == 0)
            let missing = try await Program.run("send", "7", "x", "--database", path + ".none")
            #expect(missing.code == 66)
        }
    }
}
