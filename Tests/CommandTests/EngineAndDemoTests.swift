import ConnmixDurable
import FoundationEssentials
import TestSupport
import Testing

@Suite("engine and demo", .timeLimit(.minutes(1)))
struct EngineAndDemoTests {
    @Test("the demo adds up")
    func demo() async throws {
        try await withFolder { folder in
            let outcome = try await Program.run("demo", "--messages", "1000", "--database", "\(folder)/db", "--json")
            #expect(outcome.code == 0, "\(outcome.errors)")
            let account = try #require(try outcome.objects().first)
            #expect(account["sent"] == .number(1_000))
            #expect(account["lost"] == .number(0))
            #expect(account["problems"] == .array([]))
            #expect(account["database"] == .text("\(folder)/db"))
            let again = try await Program.run("demo", "--messages", "100", "--database", "\(folder)/db", "--json")
            #expect(again.code == 0, "\(again.errors)")
        }
    }

    @Test("a demo leaves a file alone that no demo made")
    func others() async throws {
        try await withDatabase(texts: ["bad"], handler: answerEnd) { path in
            try SharedOutbox(database: path).enqueue(.meshPublish(to: "news", "x"))
            let text = path + ".text"
            try Data("text".utf8).write(to: URL(fileURLWithPath: text))
            for file in [path, text] {
                let outcome = try await Program.run("demo", "--messages", "100", "--database", file)
                #expect(outcome.code == 73, "\(outcome.errors)")
                #expect(outcome.errorLines.count == 1 && outcome.errors.contains("\(file) exists, and no demo made it"))
            }
            let status = try Inspector(database: path).status()
            #expect(status.outbox[.pending] == 1)
            #expect(try Inspector(database: path).runs().count == 1)
        }
    }

    @Test("help has an example for every command")
    func help() async throws {
        for command in [
            ["consume"], ["engine"], ["engine", "node"], ["engine", "node", "list"], ["engine", "node", "add"],
            ["engine", "node", "remove"], ["engine", "node", "restart"], ["engine", "node", "cut"], ["engine", "node", "heal"],
            ["enduser"], ["demo"], ["status"], ["journal"], ["journal", "list"], ["journal", "show"],
            ["outbox"], ["outbox", "list"], ["outbox", "show"], ["journal", "retry"], ["journal", "replay"],
            ["journal", "discard"], ["journal", "restore"], ["journal", "prune"], ["outbox", "retry"],
            ["outbox", "cancel"], ["outbox", "prune"], ["send"], ["publish"], ["subscribe"], ["unsubscribe"],
            ["set-context"], ["call"], ["lanes"], ["lanes", "list"], ["lanes", "show"], ["lanes", "skip"],
            ["lanes", "release"], ["actions"], ["actions", "list"], ["actions", "undo"],
            ["journal", "causes"], ["journal", "tail"], ["outbox", "tail"], ["journal", "rehearse"], ["journal", "export"],
            ["journal", "import"],
        ] {
            let outcome = try await Program.run(all: command + ["--help"])
            #expect(outcome.code == 0)
            #expect(outcome.output.contains("Example"), "\(command)")
        }
    }
}
