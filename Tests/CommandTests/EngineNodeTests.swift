import ConnmixDevEngine
import Foundation
import Testing

@testable import connmix_durable

@Suite("the engine command and its nodes", .timeLimit(.minutes(1)))
struct EngineNodeTests {
    @Test("engine node adds, removes, restarts, cuts and heals, and says what it did")
    func acts() async throws {
        try await withDevEngine { engine in
            let first = engine.nodes[0].id
            func run(_ words: String...) async throws -> Program.Outcome {
                try await Program.run(all: ["engine", "node"] + words + ["--center", engine.center])
            }
            let added = try await run("add")
            #expect(added.code == 0, "\(added.errors)")
            let second = try #require(engine.nodes.last)
            #expect(added.output == "node 2 \(second.id) is added: api \(second.api), end users ws://\(second.chat)/chat\n")

            let removed = try await run("remove", "2")
            #expect(removed.output.hasPrefix("node 2 \(second.id) is off the center's list; 0 consumers and 0 end users"))
            #expect(try await engine.snapshot().nodes[1].isListed == false)

            #expect(try await run("cut", first).output.hasPrefix("node 1 \(first) is cut off"))
            #expect(try await run("list").lines.map { String($0.suffix(15)) }.contains { $0.hasSuffix("listed, cut off") })
            #expect(try await run("heal", "1").output == "node 1 \(first) is reached again\n")

            let restarted = try await run("restart", "1", "--json")
            let object = try #require(try restarted.objects().first)
            #expect(object["previous_id"] == .text(first) && object["id"] == .text(engine.nodes[0].id))
            #expect(object["number"] == .number(1) && object["cut"] == .bool(false))

            let list = try await run("list", "--json")
            #expect(try list.objects().map { $0["listed"] } == [.bool(true), .bool(false)])
        }
    }

    @Test("engine node: 1 where there is no such node, 69 where there is no development engine, 64 for no address")
    func refuses() async throws {
        try await withDevEngine { engine in
            let none = try await Program.run("engine", "node", "cut", "7", "--center", engine.center)
            #expect(none.code == 1)
            #expect(none.errorLines == ["connmix-durable: there is no node 7; see connmix-durable engine node list"])
            let node = try await Program.run("engine", "node", "list", "--center", engine.nodes[0].api)
            #expect(node.code == 69 && node.errors.contains("is no development engine's center"))
        }
        let nobody = try await Program.run("engine", "node", "list", "--center", "127.0.0.1:1")
        #expect(nobody.code == 69 && nobody.errorLines.count == 1)
        for center in ["https://127.0.0.1:1", "127.0.0.1", "user:x@h:1"] {
            #expect(try await Program.run("engine", "node", "list", "--center", center).code == 64)
        }
    }

    @Test("engine says what it does with which frames, and then what looks like a mistake")
    func says() async throws {
        let arguments = ["engine", "--center-port", "0", "--api-port", "0", "--chat-port", "0", "--json", "--auth-key", "uid"]
        let code = try await Program.run(following: arguments, withErrors: true) { lines in
            let first = try #require(try await lines.next())
            let start = try JSONDecoder().decode([String: JSON].self, from: Data(first.utf8))
            let node = try #require(start["nodes"]?.array?.first?.object)
            #expect(node["number"] == .number(1))
            #expect(try await lines.next()?.contains("goes to topic chat as") == true)
            #expect(try await lines.next()?.contains("sets its context value uid (--auth-key)") == true)
            #expect(try await lines.next()?.contains("have to speak docs") == true)
            _ = try await httpSend(try #require(node["api"]?.text), #"{"c":"5","d":"x"}"#)
            #expect(try await lines.next() == "connmix-durable: mesh.send to 5: there is no such end user")
        }
        #expect(code == 0)
    }

    @Test("each rule is said")
    func rules() {
        let rules = EngineRules(
            topics: ["a", "b"], authKey: "user_id", acknowledgeKey: "ack", decodesFrames: true, connectionEvents: true,
            dialect: .php105)
        let lines = rules.lines
        #expect(lines.count == 5)
        #expect(lines[0].contains("of a, b, else to a"))
        #expect(lines[0].contains("with a JSON object decoded"))
        #expect(lines[1].contains("user_id"))
        #expect(lines[2].contains("context value ack is n"))
        #expect(lines[3].contains("handshake, message or close; topic a"))
        #expect(lines[4].contains("php105: queue.pop with […]"))
        let notice = DevEngine.Notice(kind: .otherKey, node: "x", text: "words", leftOut: 3)
        #expect(
            EngineRules.line(notice) == "connmix-durable: words (and 3 more like it); --auth-key and --acknowledge name the keys")
    }
}
