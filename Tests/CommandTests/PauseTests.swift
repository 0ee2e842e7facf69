import ConnmixDevEngine
import ConnmixDurable
import TestSupport
import Testing

@Suite("pause and resume", .timeLimit(.minutes(1)))
struct PauseCommandTests {
    @Test("messages wait through restarts until resume; status says what, why and by whom")
    func night() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            try await withDevEngine(.init(nodes: 1, topics: ["chat"])) { engine in
                @Sendable func run(_ arguments: String...) async throws -> Program.Outcome {
                    try await Program.run(all: arguments + ["--database", path])
                }
                let consume = ["consume", "--database", path, "--center", engine.center, "--topic", "chat", "--echo"]
                let user = try await engine.connectEndUser()
                let first = try await Program.run(consume) {
                    try await user.send("one")
                    try await engine.waitUntil { $0.delivered == 1 }
                    let pause = try await run("pause", "--topic", "chat", "--topic", "nobody", "--reason", "\u{1B}[31mout")
                    #expect(pause.code == 0)
                    #expect(pause.output == "chat, nobody: paused (action 1)\n")
                    #expect(pause.errors.contains("does not pop nobody; it pops chat"))
                    try await eventually("the consumer said so") { try await run("status").output.contains(#"out"#) }
                    try await user.send("two")
                    try await eventually("it is journaled") { try Inspector(database: path).status().journal[.pending] == 1 }
                }
                #expect(first.code == 0 || first.code == 143, "\(first.errors)")
                let status = try await run("status")
                #expect(status.output.contains("chat: not handled, for "))
                #expect(status.output.contains(#"\u001b[31mout"#))
                let paused = try await run("status", "--json").objects().first?["paused"]?.array?.compactMap(\.object)
                #expect(paused?.compactMap { $0["topic"]?.text } == ["chat", "nobody"])
                #expect(Set(paused?.first?.keys.map { $0 } ?? []) == ["topic", "intake", "since", "actor", "reason"])

                let none = try await run("resume", "--topic", "other")
                #expect(none.code == 1 && none.errors.contains(#"the topic "other" is not paused"#), "\(none.errors)")
                #expect(try await run("resume", "--intake").code == 1)
                let second = try await Program.run(consume) {
                    try await eventually("it runs") { try Inspector(database: path).status().consumer.isRunning }
                    try await user.send("three")
                    try await eventually("it is journaled") { try Inspector(database: path).status().journal[.pending] == 2 }
                    let resume = try await run("resume", "--topic", "chat", "--json")
                    #expect(try resume.objects().first?["topics"] == .array([.text("chat")]))
                    try await engine.waitUntil { $0.delivered == 3 }
                }
                #expect(second.code == 0 || second.code == 143, "\(second.errors)")
                let rest = try await run("resume")
                #expect(rest.output == "nobody: goes on (action 3)\n")
                #expect(try await run("resume").errors.contains("nothing is paused"))
                let undo = try await run("actions", "undo", "1", "--yes")
                #expect(undo.code != 0 && undo.errors.contains("cannot be undone; resume"), "\(undo.errors)")
                #expect(try await run("actions", "list").output.contains("journal pause"))
                await user.close()
                var texts: [String] = []
                for await frame in user.frames { texts.append(frame.text ?? "") }
                #expect(texts == ["received: one", "received: two", "received: three"])
            }
        }
    }

    @Test("paused again without a reason a topic keeps its first one; a topic that nobody knows is pointed at")
    func again() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            func run(_ arguments: String...) async throws -> Program.Outcome {
                try await Program.run(all: arguments + ["--database", path])
            }
            let first = try await run("pause", "--topic", "chat", "--reason", "out")
            #expect(first.code == 0 && first.errors.isEmpty, "\(first.errors)")
            #expect(try await run("pause", "--topic", "chat", "--intake").code == 0)
            #expect(try Inspector(database: path).pauses().map(\.reason) == ["out"])
            #expect(try Inspector(database: path).pauses().map(\.holdsIntake) == [true])
            #expect(try await run("pause", "--topic", "chat", "--reason", "moving").code == 0)
            #expect(try Inspector(database: path).pauses().map(\.reason) == ["moving"])
            let mistyped = try await run("pause", "--topic", "chta")
            #expect(mistyped.code == 0)
            #expect(mistyped.errors.contains("no message of chta is in the journal, and no consumer runs"))
        }
    }

    @Test("--probe-after: an outage is shown, and over when a handler succeeds")
    func outage() async throws {
        try await withFolder { folder in
            let path = folder + "/test.sqlite3"
            let flag = folder + "/well"
            let handler = try script(folder, "test -e '\(flag)' && exit 0\necho 'no database' >&2\nexit 1\n", name: "handler.sh")
            try await withDevEngine(.init(nodes: 1, topics: ["chat"])) { engine in
                let arguments = [
                    "consume", "--database", path, "--center", engine.center, "--topic", "chat", "--probe-after", "4",
                    "--max-attempts",
                    "2", "--backoff-base", "0.01", "--log-format", "json", "--exec", "sh", handler,
                ]
                let outcome = try await Program.run(arguments) {
                    for number in 0..<12 {
                        try await engine.push(topic: "chat", client: "\(100 + number)", data: Array("1".utf8))
                    }
                    try await eventually("it is probed") {
                        let status = try await Program.run(all: ["status", "--json", "--database", path])
                        return try status.objects().first?["probing"]?.array?.first?.object?["topic"] == .text("chat")
                    }
                    let status = try await Program.run(all: ["status", "--database", path])
                    #expect(status.output.contains("chat: one message at a time, for "), "\(status.output)")
                    #expect(status.output.contains("no database"))
                    _ = try script(folder, "", name: "well")
                    try await eventually("all are handled") { try Inspector(database: path).status().journal[.done] == 12 }
                }
                #expect(outcome.errors.contains("message after message fails"))
                #expect(outcome.errors.contains("a message was handled; all go on"))
                #expect(try Inspector(database: path).status().journal[.dead] == 0)
            }
        }
    }
}
