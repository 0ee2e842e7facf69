import ConnmixDurable
import Testing

@Suite("status, journal and outbox", .timeLimit(.minutes(1)))
struct InspectionTests {
    private static let journalKeys: Set<String> = [
        "id", "topic", "node", "client", "state", "attempts", "received_at", "available_at", "finished_at", "last_error",
        "handler_version", "replay_of", "dedupe_key", "data",
    ]
    private static let outboxKeys: Set<String> = [
        "id", "message_id", "waits_for", "waiting_since", "kind", "client", "channel", "function", "lane", "node", "state",
        "attempts", "writes",
        "enqueued_at", "available_at", "expires_at", "settled_at", "last_error", "code", "delivered", "failed", "data",
        "type",
    ]

    @Test("JSON has the keys of the contract")
    func keys() async throws {
        try await withDatabase(texts: ["hello", "bad"], handler: answerEnd) { path in
            let list = try await Program.run("journal", "list", "--order", "oldest", "--json", "--database", path)
            #expect(list.code == 0)
            let entries = try list.objects()
            #expect(entries.map { $0["state"] } == [.text("done"), .text("dead"), .text("done")])
            for entry in entries { #expect(Self.journalKeys == Set(entry.keys)) }
            #expect(entries[0]["handler_version"] == .text("v7"))
            #expect(entries[0]["data"]?.object?["frame"]?.object?["data"] == .text("hello"))

            let show = try await Program.run("journal", "show", "2", "--json", "--database", path)
            let detail = try #require(try show.objects().first)
            #expect(Self.journalKeys.union(["attempts_log", "commands", "replays"]) == Set(detail.keys))
            let attempt = try #require(detail["attempts_log"]?.array?.first?.object)
            #expect(Set(attempt.keys) == ["attempt", "started_at", "ended_at", "outcome", "error"])
            #expect(attempt["outcome"] == .text("permanent"))

            let outbox = try await Program.run("outbox", "list", "--json", "--database", path)
            let command = try #require(try outbox.objects().first)
            #expect(Self.outboxKeys == Set(command.keys))
            #expect(command["data"] == .text("ended"))
            #expect(command["message_id"] == .number(3))

            let status = try #require(try await Program.run("status", "--json", "--database", path).objects().first)
            #expect(Set(status.keys).isSuperset(of: ["consumer", "nodes", "at_risk", "journal", "outbox", "database"]))
            #expect(status["consumer"]?.object?["running"] == .bool(false))
            #expect(status["journal"]?.object?["dead"] == .number(1))
            #expect(status["journal"]?.object?["oldest_pending_age"] == .null)
        }
    }

    @Test("outbox show says why a command waits: behind which one, until when, and that nobody sends")
    func waits() async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            let outbox = try SharedOutbox(database: path)
            let first = try outbox.enqueue(.meshSend(to: "7", "a"))
            let second = try outbox.enqueue(.meshSend(to: "7", "b"))
            let third = try outbox.enqueue(.subscribe("7", to: ["room"]))
            let other = try outbox.enqueue(.meshPublish(to: "7", "not a client"))
            func waits(_ id: Int64) async throws -> [JSON] {
                let show = try await Program.run("outbox", "show", "\(id)", "--json", "--database", path)
                return try #require(show.objects().first?["waits"]?.array)
            }
            let nobody = JSON.object(["for": .text("consumer")])
            #expect(try await waits(first) == [nobody])
            #expect(try await waits(other) == [nobody])
            func behind(_ others: Double) -> JSON {
                .object(["for": .text("behind"), "command": .number(Double(first)), "others": .number(others)])
            }
            #expect(try await waits(second) == [nobody, behind(0)])
            #expect(try await waits(third) == [nobody, behind(1)])
            let show = try await Program.run("outbox", "show", "\(third)", "--database", path)
            #expect(show.output.contains("for a consumer: none runs on this file"))
            #expect(show.output.contains("behind command \(first) and 1 other\n"))
            #expect(try await waits(1) == [])
        }
    }

    @Test("filters, pages and details")
    func filters() async throws {
        try await withDatabase(texts: (1...9).map { "hello \($0)" } + ["bad"], handler: answerEnd) { path in
            func ids(_ arguments: String...) async throws -> [JSON?] {
                var all = ["journal", "list", "--json", "--database", path]
                all += arguments
                let outcome = try await Program.run(all: all)
                return try outcome.objects().map { $0["id"] }
            }
            #expect(try await ids("--state", "dead") == [.number(10)])
            #expect(try await ids("--state", "dead,done", "--limit", "3") == [.number(11), .number(10), .number(9)])
            #expect(try await ids("--state", "pending,running,dead", "--after", "11") == [.number(10)])
            #expect(try await ids("--id", "2-3,5", "--order", "oldest") == [.number(2), .number(3), .number(5)])
            #expect(try await ids("--limit", "2") == [.number(11), .number(10)])
            #expect(try await ids("--limit", "2", "--after", "10") == [.number(9), .number(8)])
            #expect(try await ids("--error", "no good").count == 1)
            #expect(try await ids("--since", "1h", "--topic", "chat", "--handler-version", "v7").count == 11)
            let none = try await Program.run("journal", "list", "--until", "1h", "--database", path)
            #expect(none.code == 1)
            let missing = try await Program.run("journal", "show", "99", "--database", path)
            #expect(missing.code == 1)
            #expect(missing.errorLines == ["connmix-durable: the journal has no entry 99"])
        }
    }

    @Test("nothing from outside reaches the terminal unescaped, and tables stay aligned")
    func hostile() async throws {
        let hostile = "\u{1B}]0;owned\u{7}\u{9B}31m\u{202E}\r\n"
        try await withDatabase(texts: [hostile, "日本語 👩‍👩‍👧", "bad"], handler: answerEnd) { path in
            for command in [["journal", "list"], ["journal", "show", "1"], ["journal", "show", "3"], ["outbox", "list"]] {
                for form in [[], ["--json"]] {
                    let outcome = try await Program.run(all: command + form + ["--database", path])
                    let control = outcome.output.unicodeScalars.first {
                        $0 != "\n" && ($0.properties.generalCategory == .control || $0 == "\u{202E}")
                    }
                    // JSON may hold a direction mark inside a string: it is the value exactly as received.
                    #expect(control == nil || (control == "\u{202E}" && form == ["--json"]))
                }
            }
            let table = try await Program.run("journal", "list", "--no-payload", "--order", "oldest", "--database", path)
            let columns = Set(table.lines.dropFirst().map { $0.prefix { $0 != "c" }.count })
            #expect(columns.count == 1, "the topic column is not aligned:\n\(table.output)")
            #expect(table.lines.first?.hasPrefix("ID  STATE  TRIES") == true)
        }
    }
}
