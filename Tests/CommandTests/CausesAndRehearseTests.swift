import FoundationEssentials
import Testing

@testable import ConnmixDurable

@Suite("causes, rehearse", .timeLimit(.minutes(1)))
struct CausesAndRehearseTests {
    private func run(_ path: String, _ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(all: arguments + ["--database", path])
    }

    @Test("errors that differ in numbers are one cause, counted, with what is still dead")
    func causes() async throws {
        try await withDatabase(texts: (1...30).map { "order \($0)" }, handler: failForThreeCauses) { path in
            _ = try JournalOperator(database: path).discard([3])
            let outcome = try await run(path, "journal", "causes", "--json")
            let causes = try outcome.objects()
            #expect(causes.count == 3)
            #expect(causes.map { $0["messages"] } == [.number(10), .number(10), .number(10)])
            let keys: Set = ["id", "cause", "messages", "dead", "attempts", "first_seen", "last_seen", "example", "error"]
            #expect(Set(causes[0].keys) == keys)
            let missing = try #require(causes.first { $0["cause"] == .text("order # not found") })
            #expect(missing["dead"] == .number(9))
            #expect(missing["example"] == .number(30))
            #expect(missing["error"] == .text("order 30 not found"))
            // A cause is a filter: by its id, which hangs on nothing but the error's words.
            let id = try #require(missing["id"]?.text)
            #expect(id == FailureCause.id(of: "order 4711 not found"))
            let dry = try await run(path, "journal", "replay", "--cause", id, "--dry-run")
            #expect(dry.lines == [6, 9, 12, 15, 18, 21, 24, 27, 30].map { "\($0)" })
            let listed = try await run(path, "journal", "list", "--cause", id.uppercased(), "--state", "discarded", "--json")
            #expect(try listed.objects().map { $0["id"] } == [.number(3)])
            #expect(try await run(path, "journal", "retry", "--cause", id, "--yes").lines == ["action 2: 9 of 9 entries retried"])
            #expect(try await run(path, "journal", "retry", "--cause", "0000000g", "--yes").code == 64)
            #expect(try await run(path, "journal", "retry", "--cause", "00000000", "--yes").code == 1)
            let table = try await run(path, "journal", "causes", "--limit", "2")
            #expect(table.lines.count == 3)
            #expect(table.errors.contains("1 more cause"))
            #expect(try await run(path, "journal", "causes", "--until", "1h").code == 1)
            #expect(try await run(path, "journal", "causes", "--since", "yesterday").code == 64)
        }
    }

    @Test("outbox causes: what was given up and what failed and is tried again; --cause takes the id")
    func commands() async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            let outbox = try SharedOutbox(database: path)
            for number in 0..<3 { try outbox.enqueue(.meshSend(to: ClientID("\(number)"), "x")) }
            let ids = try Inspector(database: path).commandIDs(OutboxFilter()).sorted().suffix(3).map { $0 }
            let store = try Store(path: path)
            try await store.writer.write { transaction in
                for (id, state) in zip(ids, [CommandState.dead, .expired]) {
                    let settlement = Settlement(state: state, attempts: 1, writes: 1, error: "client \(id) is gone")
                    try OutboxTable.settle(transaction, id: id, settlement)
                }
                try transaction.connection.execute("UPDATE outbox SET last_error = 'client 9 is gone' WHERE id = \(ids[2])")
            }
            await store.close()
            let cause = try #require(try await run(path, "outbox", "causes", "--json").objects().first)
            #expect(cause["cause"] == .text("client # is gone"))
            #expect(cause["commands"] == .number(3))
            #expect(cause["dead"] == .number(2))
            let id = try #require(cause["id"]?.text)
            let list = try await run(path, "outbox", "list", "--cause", id, "--json")
            #expect(try list.objects().count == 3)
            let retry = try await run(path, "outbox", "retry", "--cause", id, "--yes")
            #expect(retry.lines == ["action 1: 1 of 1 command retried"])
            #expect(try await run(path, "outbox", "causes").lines.first?.hasPrefix("ID        COMMANDS  DEAD") == true)
        }
    }

    private static func hostile(_ id: Int64) -> String {
        "價格 👩‍👩‍👧 \u{1B}]0;owned\u{7} order \(id) not found, and some more words for the width"
    }

    @Test("on terminals of any width: colours unless NO_COLOR, lines that fit, nothing hostile", arguments: [20, 80, 200])
    func terminal(columns: Int) async throws {
        let handler: MessageHandler = { message, context in
            if message.text == "end" { return try context.meshSend(to: message.client, "ended") }
            throw HandlerError.permanent(Self.hostile(message.id))
        }
        try await withDatabase(texts: ["a", "b"], handler: handler) { path in
            let command = ["journal", "causes", "--database", path]
            let colour = try await Program.onTerminal(command, columns: columns)
            // What is red stands further right.
            #expect(colour.output.contains(columns == 20 ? "\u{1B}[2m" : "\u{1B}[31m"))
            #expect(!colour.output.contains("\u{1B}]0"))
            let plain = try await Program.onTerminal(command, columns: columns, noColour: true)
            #expect(!plain.output.contains("\u{1B}"))
            #expect(plain.lines.count == 2)
            let room = columns == 20 ? 19 : 26
            #expect(plain.lines[0].hasPrefix("ID        MESSAGES  DEAD  ".prefix(room)))
            #expect(plain.lines[0].contains("ATTEMPTS") == (columns == 200))
            #expect(plain.lines[1].hasPrefix((FailureCause.id(of: Self.hostile(1)) + "         2     2  ").prefix(room)))
            if columns < 200 { #expect(plain.lines[1].hasSuffix("…")) }
            if columns == 200 { #expect(plain.lines[1].hasSuffix("order # not found, and some more words for the width")) }
        }
    }

    @Test("rehearse many, by a filter and with a worker: summed up by cause; one that cannot start or work is said at once")
    func rehearseMany() async throws {
        try await withDatabase(texts: (1...9).map { "order \($0)" }, handler: failForThreeCauses) { path in
            let folder = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
            let python = try script(
                folder,
                """
                import json, sys
                for line in sys.stdin:
                    m = json.loads(line)
                    if m["id"] % 3 == 0: answer = {"ok": False, "error": "still no order %d" % m["id"]}
                    else: answer = {"ok": True, "commands": []}
                    print(json.dumps({"id": m["id"], **answer}), flush=True)
                """)
            let before = try Inspector(database: path).status()
            func rehearse(_ arguments: String..., handler: [String]) async throws -> Program.Outcome {
                try await Program.run(all: ["journal", "rehearse", "--database", path] + arguments + ["--"] + handler)
            }
            let many = try await rehearse("--state", "dead", "--worker", handler: ["python3", python])
            #expect(many.code == 1)
            #expect(many.lines.first == "9 entries: 6 would be done, 0 of them with other commands than were sent; 3 would fail")
            #expect(many.lines.last?.hasPrefix(FailureCause.id(of: "still no order 3")) == true, "\(many.output)\(many.errors)")
            #expect(many.lines.last?.hasSuffix("3        3  still no order #") == true)
            #expect(many.errors.contains("3 of 9 entries would fail"))
            let json = try await rehearse("1-3", "--worker", "--json", handler: ["python3", python])
            #expect(try json.objects().map { $0["id"] } == [.number(1), .number(2), .number(3)])
            #expect(try json.objects()[2]["cause"] == .text(FailureCause.id(of: "still no order 3")))
            #expect(try json.objects()[0]["cause"] == .null)
            let cause = FailureCause.id(of: "order 3 not found")
            #expect(
                try await rehearse("--cause", cause, handler: ["true"]).lines.first?.hasPrefix("3 entries: 3 would be done")
                    == true)
            for handler in ["/no/worker", "true", "false"] {
                let outcome = try await rehearse("1-3", "--worker", handler: [handler])
                #expect(outcome.code != 0, "\(handler)")
                #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
            }
            #expect(try await rehearse(handler: ["true"]).code == 64)
            #expect(try Inspector(database: path).status().journal == before.journal)
        }
    }

    @Test("rehearse: what would be sent beside what was sent; nothing is changed")
    func rehearse() async throws {
        let handler: MessageHandler = { message, context in
            try context.meshSend(to: message.client, "received: \(message.text ?? "")")
            if message.text != "end" { try context.subscribe(message.client, to: "room") }
        }
        try await withDatabase(texts: ["hello"], handler: handler) { path in
            let folder = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
            let python = try script(
                folder,
                """
                import json, sys
                m = json.loads(sys.stdin.readline())
                def send(text): print(json.dumps({"m": "mesh.send", "p": {"c": m["client"], "d": text}}))
                send("received: " + m["data"]["frame"]["data"])
                send("welcome")
                send("\\x1b[31m")
                """)
            let before = try Inspector(database: path).status()
            let table = try await Program.run(
                all: ["journal", "rehearse", "1", "--database", path, "--", "python3", python])
            #expect(table.code == 0, "\(table.errors)")
            #expect(table.lines.count == 4)
            #expect(table.lines[1].contains("=") && table.lines[1].contains("sent"))
            #expect(table.lines[2].contains("≠") && table.lines[2].contains("welcome") && table.lines[2].contains("subscribe"))
            #expect(!table.output.contains("\u{1B}"))
            let json = try await Program.run(
                all: ["journal", "rehearse", "1", "--json", "--database", path, "--", "python3", python])
            let object = try #require(try json.objects().first)
            #expect(object["outcome"] == .text("done"))
            #expect(object["would_send"]?.array?.count == 3)
            #expect(object["did_send"]?.array?.count == 2)
            let fails = try await Program.run(all: ["journal", "rehearse", "1", "--database", path, "--", "false"])
            #expect(fails.code == 1)
            #expect(fails.errors.contains("the handler failed: false ended with exit code 1"))
            let slow = try await Program.run(
                all: ["journal", "rehearse", "1", "--timeout", "0.2", "--database", path, "--", "sleep", "60"])
            #expect(slow.code == 1)
            #expect(slow.errors.contains("longer than"))
            let started = folder + "/started"
            let interrupted = try await Program.run(
                ["journal", "rehearse", "1", "--database", path, "--", "sh", "-c", "echo $$ > \(started); sleep 60"]
            ) {
                try await eventually("it has started") { (try? Data(contentsOf: URL(fileURLWithPath: started)).isEmpty) == false }
            }
            #expect(interrupted.code == 130)
            let process = String(decoding: try Data(contentsOf: URL(fileURLWithPath: started)), as: UTF8.self).dropLast()
            try await eventually("it is gone") { !FileManager.default.fileExists(atPath: "/proc/\(process)") }
            #expect(try Inspector(database: path).status().journal == before.journal)
            #expect(try Inspector(database: path).status().outbox == before.outbox)
            #expect(try await run(path, "journal", "rehearse", "1").code == 64)
            let missing = try await Program.run(all: ["journal", "rehearse", "99", "--database", path, "--", "true"])
            #expect(missing.code == 1)
        }
    }
}
