import FoundationEssentials
import Testing
import TestSupport

@testable import ConnmixDurable

@Suite("export, import", .timeLimit(.minutes(1)))
struct ExportAndImportTests {
    private func run(_ path: String, _ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(all: arguments + ["--database", path])
    }

    private func write(_ lines: [String], _ path: String) throws {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test("import --pending: new pending entries in the same order, recorded, undone")
    func roundTrip() async throws {
        try await withDatabase(texts: ["hello", "日本 👩‍👩‍👧", "bad"], handler: answerEnd) { path in
            let export = try await run(path, "journal", "export")
            #expect(try export.objects().map { $0["id"] } == [1, 2, 3, 4].map { JSON.number($0) })
            try write(export.lines, path + ".ndjson")
            #expect(try await run(path, "journal", "import", path + ".ndjson").code == 64)
            let dry = try await run(path, "journal", "import", path + ".ndjson", "--dry-run")
            #expect(dry.errors.contains("4 lines would be imported"))
            let imported = try await run(path, "journal", "import", path + ".ndjson", "--pending", "--yes", "--reason", "moved")
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

    @Test("--redact and --no-payload: what is named is nowhere in the output; a rule that leads to nothing is refused first")
    func redaction() async throws {
        try await withDatabase(texts: ["secret 1", "secret 2"], handler: answerEnd) { path in
            let client = try Inspector(database: path).entry(1).entry.client
            let export = try await run(path, "journal", "export", "--redact", "data.*.data,client")
            #expect(export.code == 0)
            #expect(!export.output.contains("secret"))
            #expect(!export.output.contains(client))
            #expect(export.output.contains(#""client":"[redacted]""#))
            let mistyped = try await run(path, "journal", "export", "--redact", "client,data.phnoe")
            #expect(mistyped.code == 64)
            #expect(mistyped.output.isEmpty)
            #expect(mistyped.errors.contains("--redact data.phnoe leads to nothing"))
            // Without payloads nothing can lead into them.
            let without = try await run(path, "journal", "export", "--redact", "data.frame.data,client", "--no-payload")
            #expect(without.code == 0)
            #expect(!without.output.contains(client))
            #expect(try export.objects().count == 3)
            let bare = try await run(path, "journal", "export", "--no-payload", "--limit", "1")
            #expect(try bare.objects().first?["data"] == nil)
            #expect(try await run(path, "journal", "export", "--redact", "data..x").code == 64)
            #expect(try await run(path, "journal", "export", "--topic", "none").code == 1)
        }
        // What was retried or restored has an error and no attempts, and can be read all the same.
        try await withDatabase(texts: ["bad", "bad"], handler: answerEnd) { path in
            #expect(try await run(path, "journal", "retry", "1", "--yes").code == 0)
            #expect(try await run(path, "journal", "discard", "2", "--yes").code == 0)
            #expect(try await run(path, "journal", "restore", "2", "--yes").code == 0)
            let export = try await run(path, "journal", "export", "1-2", "--redact", "data.frame.data")
            #expect(export.code == 0, "\(export.errors)")
            #expect(!export.output.contains("bad"))
            for entry in try export.objects() {
                #expect(entry["data"]?.object?["frame"]?.object?["data"] == .text("[redacted]"), "\(entry)")
            }
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
            // As many lines, one of them another: it is refused, whether that one was imported or not.
            for changed in [2, 59] {
                var lines = (1...60).map { #"{"topic":"chat","client":"\#($0)","data":\#($0)}"# }
                lines[changed] = lines[changed].replacing("chat", with: "chit")
                try write(lines, file + ".changed")
                let outcome = try await run(path, "journal", "import", file + ".changed", "--resume", "1", "--yes")
                #expect(outcome.code == 65)
                #expect(outcome.errors.contains("is not as it was when action 1 began"))
            }
            let rest = try await run(path, "journal", "import", file, "--resume", "1", "--yes")
            #expect(rest.code == 0, "\(rest.errors)")
            var filter = JournalFilter()
            (filter.states, filter.order, filter.limit) = ([.pending], .oldest, 100)
            let clients = try Inspector(database: path).entries(filter).map(\.client)
            #expect(clients == (1...60).map { "\($0)" })
        }
    }

    /// What two files must agree in.
    private func comparable(_ lines: [[String: JSON]]) -> [[String: JSON]] {
        lines.map { line in
            var line = line
            line["id"] = nil
            return line
        }
    }

    @Test("what is exported is imported into an empty file: every entry of every state, to the letter")
    func wholeRoundTrip() async throws {
        try await withFolder { folder in
            let (first, second) = (folder + "/a.sqlite3", folder + "/b.sqlite3")
            try await EveryKind.write(first)
            await (try Store(path: second)).close()
            let export = try await run(first, "journal", "export")
            #expect(export.lines.count == EveryKind.count, "\(export.errors)")
            try write(export.lines, folder + "/a.ndjson")
            let imported = try await run(second, "journal", "import", folder + "/a.ndjson", "--yes")
            #expect(imported.code == 0, "\(imported.errors)")
            let again = try await run(second, "journal", "export")
            var expected = try export.objects()
            for index in expected.indices {
                // The two documented changes: nobody runs it there, and an original that is not in the file is not named.
                if expected[index]["state"] == .text("running") { expected[index]["state"] = .text("pending") }
                if expected[index]["replay_of"] == .number(999) { expected[index]["replay_of"] = .null }
            }
            #expect(try comparable(again.objects()) == comparable(expected))
            #expect(try again.objects().map { $0["replay_of"] }.contains(.number(2)))
            #expect(try await run(second, "database", "check").code == 0)
            // And what the copy exports is what it takes again.
            try write(again.lines, folder + "/b.ndjson")
            #expect(try await run(second, "journal", "import", folder + "/b.ndjson", "--dry-run").code == 0)
            let undone = try await run(second, "actions", "undo", "1", "--yes")
            #expect(undone.code == 0, "\(undone.errors)")
            #expect(try Inspector(database: second).status().journal[.discarded] == Int64(EveryKind.count))
            #expect(try await run(second, "database", "check").code == 0)
        }
    }

    @Test("a client id is a number only where it is one; what a line says wrongly is quoted back")
    func hostileLines() async throws {
        try await withFolder { folder in
            let (path, file) = (folder + "/a.sqlite3", folder + "/in.ndjson")
            await (try Store(path: path)).close()
            let line = #"{"topic":"t","data":1,"client_is_number":true,"client":"#
            try write([line + #""7,\"x\":1"}"#, line + #""9007199254740993"}"#, line + #""[redacted]"}"#], file)
            #expect(try await run(path, "journal", "import", file, "--yes").code == 0)
            let flags = try await run(path, "journal", "export").objects().map { $0["client_is_number"] }
            #expect(flags == [.bool(false), .bool(true), .bool(false)])
            for wrong in [
                #""state":"alive""#, #""state":7"#, #""attempts":-1"#, #""attempts":1e99"#, #""attempts":99999999999999999999"#,
                #""received_at":"yesterday""#, #""finished_at":7,"state":"done""#, #""replay_of":"x""#,
                #""attempts_log":{}"#, #""attempts_log":[{"attempt":1}]"#, #""client_is_number":"yes""#,
            ] {
                try write([#"{"topic":"t","client":"7","data":1,\#(wrong)}"#], file)
                let outcome = try await run(path, "journal", "import", file, "--yes")
                #expect(outcome.code == 65, "\(wrong): \(outcome.errors)")
                #expect(outcome.errors.contains("line 1 of"), "\(outcome.errors)")
            }
        }
    }
}
