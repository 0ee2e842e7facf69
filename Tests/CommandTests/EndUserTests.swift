import ConnmixDevEngine
import Testing
import TestSupport

@testable import connmix_durable

@Suite("enduser", .timeLimit(.minutes(1)))
struct EndUserTests {
    /// The engine's own consumer: answers every message of the first node.
    private func answering(
        _ engine: DevEngine, _ folder: String, during body: @Sendable () async throws -> Void
    ) async throws {
        let arguments = ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--echo"]
        let outcome = try await Program.run(arguments) {
            try await engine.waitUntil(within: .seconds(20)) { $0.nodes.allSatisfy { $0.consumers == 1 } }
            try await body()
        }
        #expect(outcome.code == 0, "\(outcome.errors)")
    }

    @Test("lines in, frames out; the end of the input waits for the last answers")
    func chat() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                try await answering(engine, folder) {
                    let url = "ws://\(engine.nodes[0].chat)/chat"
                    let outcome = try await Program.run(all: ["enduser", url], input: "hello\né\u{1B}😀")
                    #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
                    #expect(outcome.lines == ["received: hello", #"received: é\u001b😀"#])
                    try await engine.waitUntil { $0.nodes[0].clientCount == 0 }
                }
            }
        }
    }

    @Test("--json: when what was sent and received")
    func json() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                try await answering(engine, folder) {
                    let url = "ws://\(engine.nodes[0].chat)/chat"
                    let outcome = try await Program.run(all: ["enduser", url, "--json"], input: "{\"text\":\"a\\nb\"}\n\n")
                    let objects = try outcome.objects()
                    #expect(objects.map { $0["event"] } == [.text("sent"), .text("received")])
                    #expect(objects.map { $0["text"] } == [.text("a\nb"), .text("received: a\nb")])
                    #expect(objects.allSatisfy { $0["time"]?.text?.hasSuffix("Z") == true })

                    let wrong = try await Program.run(all: ["enduser", url, "--json"], input: "{\"text\":\"a\"}\nhello\n")
                    #expect(wrong.code == 65)
                    #expect(wrong.errors.contains("line 2 of stdin is not"))
                }
            }
        }
    }

    @Test("frames of bytes are shown as what they are")
    func binary() async throws {
        try await withDevEngine { engine in
            let url = "ws://\(engine.nodes[0].chat)/chat"
            async let outcome = Program.run(all: ["enduser", url], input: "")
            let snapshot = try await engine.waitUntil { $0.nodes[0].clientCount == 1 }
            let client = try #require(snapshot.nodes[0].clients.first)
            let answer = try await httpSend(engine.nodes[0].api, #"{"c":"\#(client)","d":"AP8=","t":"binary"}"#)
            #expect(answer.contains(#""s":true"#))
            #expect(try await outcome.lines == ["binary, 2 bytes: AP8="])
        }
    }

    @Test("--count: all answered is 0, one that is not is 1")
    func load() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let url = "ws://\(engine.nodes[0].chat)/chat"
                try await answering(engine, folder) {
                    let outcome = try await Program.run("enduser", url, "--count", "200", "--rate", "1000/s", "--json")
                    #expect(outcome.code == 0, "\(outcome.errors)")
                    let summary = try #require(try outcome.objects().first)
                    #expect(summary["sent"] == .number(200) && summary["answered"] == .number(200))
                    #expect(summary["repeats"] == .number(0) && summary["others"] == .number(0))
                    guard case .number(let p50) = summary["p50_seconds"], case .number(let p99) = summary["p99_seconds"] else {
                        Issue.record("no latencies in \(summary)")
                        return
                    }
                    #expect(0 < p50 && p50 <= p99)
                }
                let none = try await Program.run("enduser", url, "--count", "3", "--timeout", "0.1")
                #expect(none.code == 1)
                #expect(none.errors.contains("3 of 3 messages were not answered in time"))
                #expect(none.lines.first?.hasPrefix("sent") == true)
            }
        }
    }

    @Test("69: nothing listens, it takes no end users, or it ends the connection")
    func unreachable() async throws {
        let nobody = try await Program.run("enduser", "ws://127.0.0.1:1/chat")
        #expect(nobody.code == 69)
        #expect(nobody.errorLines.count == 1 && nobody.errors.contains("connmix-durable engine"))
        try await withDevEngine { engine in
            let wrong = try await Program.run("enduser", "ws://\(engine.nodes[0].chat)/other")
            #expect(wrong.code == 69 && wrong.errors.contains("the path /other"))
            let center = try await Program.run("enduser", "ws://\(engine.center)/chat")
            #expect(center.code == 69)
            let url = "ws://\(engine.nodes[0].chat)/chat"
            async let outcome = Program.run("enduser", url, "--count", "1", "--timeout", "30")
            try await engine.waitUntil { $0.nodes[0].pushed == 1 }
            try await engine.restartNode(engine.nodes[0].id)
            #expect(try await outcome.code == 69)
        }
    }

    @Test("Ctrl-C ends it with 130; Ctrl-D at a terminal with 0")
    func ends() async throws {
        try await withDevEngine { engine in
            let url = "ws://\(engine.nodes[0].chat)/chat"
            let interrupted = try await Program.onTerminal(
                ["enduser", url], typing: [.init(after: "Ctrl-D ends", keys: "\u{03}")])
            #expect(interrupted.code == 130)
            let ended = try await Program.onTerminal(
                ["enduser", url, "--wait", "0"], typing: [.init(after: "Ctrl-D ends", keys: "\u{04}")])
            #expect(ended.code == 0)
        }
    }

    @Test(
        "what makes no sense is refused",
        arguments: [
            ["wss://127.0.0.1:6790/chat"], ["127.0.0.1/chat"], ["ws://127.0.0.1:0/chat"], ["--count", "0"], ["--rate", "5/s"],
            ["--count", "1", "--wait", "1"], ["--timeout", "1"],
        ])
    func usage(arguments: [String]) async throws {
        #expect(try await Program.run(all: ["enduser"] + arguments).code == 64)
    }

    // MARK: what decides

    @Test("answers that name their message are counted by it, whatever their order, each once")
    func named() {
        var count = AnswerCount(count: 3)
        let start = ContinuousClock.now
        for _ in 0..<3 { count.send(now: start) }
        count.receive("welcome", now: start)
        count.receive("received: message 3", now: start + .seconds(1))
        count.receive("received: message 3", now: start + .seconds(9))
        count.receive("message 4", now: start)
        count.receive(#"{"text":"message 1"}"#, now: start + .seconds(2))
        #expect(count.answered == 2 && count.repeats == 1 && count.others == 2 && !count.isComplete)
        count.receive("message 12, message 2.", now: start + .seconds(4))
        #expect(count.isComplete)
        #expect(count.latency(0.5) == .seconds(2))
        #expect(count.latency(0.99) == .seconds(4))
    }

    @Test("answers that name nothing are counted in their order")
    func unnamed() {
        var count = AnswerCount(count: 2)
        let start = ContinuousClock.now
        count.send(now: start)
        count.receive("ok", now: start + .seconds(1))
        count.receive("ok", now: start + .seconds(1))
        count.send(now: start + .seconds(2))
        #expect(count.answered == 1 && count.others == 1)
        count.receive("ok", now: start + .seconds(5))
        #expect(count.isComplete)
        #expect(count.latency(0.5) == .seconds(1) && count.latency(0.99) == .seconds(3))
        #expect(AnswerCount(count: 1).latency(0.5) == nil)
    }
}
