import ConnmixDurable
import FoundationEssentials
import Testing

@Suite("export, import", .timeLimit(.minutes(1)))
struct ExportAndImportTests {
    private func run(_ path: String, _ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(all: arguments + ["--database", path])
    }

    private func write(_ lines: [String], _ path: String) throws {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test("what is exported is imported: new pending entries in the same order, recorded, undone")
    func roundTrip() async throws {
        try await withDatabase(texts: ["hello", "日本 👩‍👩‍👧", "bad"], handler: answerEnd) { path in
            let export = try await run(path, "journal", "export")
            #expect(try export.objects().map { $0["id"] } == [1, 2, 3, 4].map { JSON.number($0) })
            try write(export.lines, path + ".ndjson")
            #expect(try await run(path, "journal", "import", path + ".ndjson").code == 64)
            let dry = try await run(path, "journal", "import", path + ".ndjson", "--dry-run")
            #expect(dry.errors.contains("4 lines would be imported"))
            let imported = try await run(path, "journal", "import", path + ".ndjson", "--yes", "--reason", "moved")
            #expect(imported.lines == ["action 1: 4 of 4 lines imported"], "\(imported.errors)")
            let entries = try await run(path, "journal", "export", "--state", "pending").objects()
            #expect(entries.map { $0["data"] } == (try export.objects().map { $0["data"] }))
            #expect(entries.map { $0["id"] } == [5, 6, 7, 8].map { JSON.number($0) })
            let input = ["journal", "import", "-", "--yes", "--json", "--database", path]
            let piped = try await Program.run(all: input, input: export.lines[0])
            #expect(try piped.objects().first?["imported"] == .number(1))
            #expect(try await run(path, "actions", "undo", "1", "--dry-run").lines == ["5", "6", "7", "8"])
            #expect(try await run(path, "actions", "undo", "1", "--yes").code == 0)
            #expect(try Inspector(database: path).status().journal[.discarded] == 4)
        }
    }

    @Test("--redact and --no-payload: what is named is nowhere in the output; a rule that leads to nothing is told")
    func redaction() async throws {
        try await withDatabase(texts: ["secret 1", "secret 2"], handler: answerEnd) { path in
            let client = try Inspector(database: path).entry(1).entry.client
            let export = try await run(path, "journal", "export", "--redact", "data.*.data,client", "--redact", "data.phnoe")
            #expect(export.code == 0)
            #expect(!export.output.contains("secret"))
            #expect(!export.output.contains(client))
            #expect(export.output.contains(#""client":"[redacted]""#))
            #expect(export.errors.contains("--redact data.phnoe led to nothing"))
            #expect(try export.objects().count == 3)
            let bare = try await run(path, "journal", "export", "--no-payload", "--limit", "1")
            #expect(try bare.objects().first?["data"] == nil)
            #expect(try await run(path, "journal", "export", "--redact", "data..x").code == 64)
            #expect(try await run(path, "journal", "export", "--topic", "none").code == 1)
        }
    }

    @Test("a bad line: exit 65 names it, and nothing is imported")
    func badLines() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            let good = #"{"topic":"chat","client":"7","data":{"a":1},"id":"x","extra":[1,{"b":2}]}"#
            let cases: [(line: String, says: String)] = [
                ("{", "no JSON"), ("7", "no JSON object"), (#"{"client":"7","data":1}"#, "topic"),
                (#"{"topic":"chat","client":7,"data":1}"#, "client"), (#"{"topic":"chat","client":"7"}"#, "data"),
                (#"{"topic":"chat","client":"","data":1}"#, "client"),
                (#"{"topic":"chat","client":"7","data_base64":"?"}"#, "base64"),
                (#"{"topic":"chat","client":"7","data_base64":"AAE="}"#, "no JSON"),
            ]
            for (line, says) in cases {
                try write([good, "", good, line, good], path + ".ndjson")
                let outcome = try await run(path, "journal", "import", path + ".ndjson", "--yes")
                #expect(outcome.code == 65)
                #expect(outcome.errorLines.count == 1)
                #expect(
                    outcome.errors.contains("line 4 of \(path).ndjson: ") && outcome.errors.contains(says), "\(outcome.errors)")
            }
            #expect(try Inspector(database: path).status().journal[.pending] == 0)
            #expect(try await run(path, "journal", "import", path + ".none", "--yes").code == 66)
            #expect(try await run(path, "journal", "import", "/tmp", "--yes").code == 74)
            #expect(try await run(path, "journal", "import", path + ".ndjson", "--resume", "9", "--yes").code == 1)
            #expect(try JournalOperator(database: path).actions().isEmpty)
        }
    }

    @Test("an import that was killed goes on behind its last line, with the same file only")
    func resume() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            let file = path + ".ndjson"
            try write((1...60).map { #"{"topic":"chat","client":"\#($0)","data":\#($0)}"# }, file)
            let journal = try JournalOperator(database: path)
            let slow = ["journal", "import", file, "--rate", "40/s", "--yes", "--database", path]
            _ = try await Program.kill(slow) {
                try await eventually("ten are imported") { try journal.actions().first.map { $0.finished >= 10 } ?? false }
            }
            try write([#"{"topic":"chat","client":"1","data":1}"#], file + ".other")
            let other = try await run(path, "journal", "import", file + ".other", "--resume", "1", "--yes")
            #expect(other.code == 65)
            let rest = try await run(path, "journal", "import", file, "--resume", "1", "--yes")
            #expect(rest.code == 0, "\(rest.errors)")
            var filter = JournalFilter()
            (filter.states, filter.order, filter.limit) = ([.pending], .oldest, 100)
            let clients = try Inspector(database: path).entries(filter).map(\.client)
            #expect(clients == (1...60).map { "\($0)" })
        }
    }
}
