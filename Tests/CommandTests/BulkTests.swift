import ConnmixDevEngine
import FoundationEssentials
import Subprocess
import Testing

@testable import ConnmixDurable

@Suite("retry, replay, discard, restore, cancel, prune", .timeLimit(.minutes(1)))
struct BulkTests {
    private func withFailures<T>(_ count: Int, _ body: (String) async throws -> T) async throws -> T {
        try await withDatabase(texts: (1...count).map { "order \($0)" }, handler: failForThreeCauses, body)
    }

    private func run(_ path: String, _ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(all: arguments + ["--database", path])
    }

    private func counts(_ path: String) throws -> [EntryState: Int64] {
        try Inspector(database: path).status().journal.filter { $0.value > 0 }
    }

    @Test("what is not said clearly changes nothing, and is one line with the right code")
    func refusals() async throws {
        try await withFailures(6) { path in
            let file = path + ".payload"
            try Data("{no json".utf8).write(to: URL(fileURLWithPath: file))
            let cases: [(code: Int32, says: String, [String])] = [
                (64, "or say --all", ["journal", "retry", "--yes"]),
                (64, "contradicts", ["journal", "retry", "--all", "--topic", "chat", "--yes"]),
                (64, "say --yes", ["journal", "retry", "--topic", "chat"]),
                (64, "--resume", ["journal", "retry", "--resume", "1", "--topic", "chat", "--yes"]),
                (64, "retry is not for what is done", ["journal", "retry", "--state", "done", "--yes"]),
                (64, "discard is not for", ["journal", "discard", "--state", "running", "--yes"]),
                (64, "cancel is not for", ["outbox", "cancel", "--state", "sent", "--yes"]),
                (64, "--canary-threshold is for", ["journal", "retry", "--all", "--canary-threshold", "5", "--yes"]),
                (64, "fast", ["journal", "retry", "--all", "--rate", "fast", "--yes"]),
                (64, "4-x", ["journal", "retry", "--id", "4-x", "--yes"]),
                (64, "--older-than", ["journal", "prune", "--all", "--yes"]),
                (64, "prune is not for", ["journal", "prune", "--older-than", "1s", "--state", "pending", "--yes"]),
                (64, "contradict", ["journal", "replay", "--id", "1", "--edit", "--payload", file, "--yes"]),
                (64, "6 entries match", ["journal", "replay", "--id", "1-6", "--payload", file, "--yes"]),
                (1, "no entry 99", ["journal", "retry", "--id", "1,99", "--yes"]),
                (1, "no entry matches", ["journal", "retry", "--topic", "other", "--yes"]),
                (1, "no command matches", ["outbox", "cancel", "--all", "--yes"]),
                (1, "no action 9", ["journal", "retry", "--resume", "9", "--yes"]),
                (1, "no consumer runs", ["journal", "retry", "--all", "--canary", "--yes"]),
                (66, "none.json", ["journal", "replay", "--id", "1", "--payload", "/none.json", "--yes"]),
                (74, "/tmp", ["journal", "replay", "--id", "1", "--payload", "/tmp", "--yes"]),
                (65, "no JSON", ["journal", "replay", "--id", "1", "--payload", file, "--yes"]),
            ]
            let before = try counts(path)
            for (code, says, arguments) in cases {
                let outcome = try await Program.run(all: arguments + ["--database", path])
                #expect(outcome.code == code, "\(arguments)")
                #expect(outcome.output.isEmpty, "\(arguments)")
                #expect(outcome.errorLines.count == 1, "\(arguments): \(outcome.errors)")
                #expect(outcome.errors.contains(says), "\(arguments): \(outcome.errors)")
            }
            #expect(try counts(path) == before)
            #expect(try JournalOperator(database: path).actions().isEmpty)
        }
    }

    @Test("--dry-run prints the ids that are then acted on; the action is recorded with its reason and filter")
    func dryRun() async throws {
        try await withFailures(9) { path in
            let dry = try await run(path, "journal", "retry", "--error", "not found", "--order", "oldest", "--dry-run")
            #expect(dry.code == 0)
            #expect(dry.lines == ["3", "6", "9"])
            #expect(dry.errors.contains("3 entries would be retried"))
            let retry = try await run(
                path, "journal", "retry", "--error", "not found", "--yes", "--json", "--reason", "they are there now")
            let report = try #require(try retry.objects().first)
            #expect(report["matched"] == .number(3))
            #expect(report["applied"] == .number(3))
            #expect(report["skipped"] == .array([]))
            #expect(try counts(path) == [.pending: 3, .dead: 6, .done: 1])
            let action = try #require(try JournalOperator(database: path).actions().first)
            #expect(action.reason == "they are there now")
            #expect(action.state == .finished)
            #expect(action.selection.contains(#""filter":{"error":"not found","state":["dead"]}"#))
        }
    }

    @Test("ids that were named are reported where they are left as they are; nothing changed is exit 1")
    func skips() async throws {
        try await withFailures(3) { path in
            let some = try await run(path, "journal", "discard", "--id", "2-4", "--yes")
            #expect(some.code == 0)
            #expect(some.lines == ["action 1: 2 of 3 entries discarded, 1 left as they are", "  4: it is done"])
            let none = try await run(path, "journal", "discard", "--id", "2-4", "--yes")
            #expect(none.code == 1)
            #expect(none.errorLines == ["connmix-durable: nothing was changed"])
            let restore = try await run(path, "journal", "restore", "--all", "--yes", "--limit", "1", "--order", "newest")
            #expect(restore.lines == ["action 3: 1 of 1 entry restored"])
            #expect(try Inspector(database: path).entryStates([2, 3]) == [2: .discarded, 3: .pending])
        }
    }

    @Test("replay with another payload: from a file, from stdin, from $EDITOR")
    func payloads() async throws {
        try await withFailures(3) { path in
            let file = path + ".json"
            try Data(#"{"sku":1}"#.utf8).write(to: URL(fileURLWithPath: file))
            #expect(try await run(path, "journal", "replay", "--id", "1", "--payload", file, "--yes").code == 0)
            let input = ["journal", "replay", "--id", "2", "--payload", "-", "--yes", "--database", path]
            #expect(try await Program.run(all: input, input: #"{"sku":2}"#).code == 0)
            let editor = try script(
                URL(fileURLWithPath: path).deletingLastPathComponent().path,
                """
                import os, stat, sys
                assert stat.S_IMODE(os.stat(sys.argv[2]).st_mode) == 0o600 and sys.argv[1] == "--wait"
                old = open(sys.argv[2]).read()
                open(sys.argv[2], "w").write(old.replace("order", "ORDER") + "\\n")
                open("\(path).edited", "w").write(sys.argv[2])
                """)
            let edit = try await Program.run(
                all: ["journal", "replay", "--id", "3", "--edit", "--yes", "--database", path],
                environment: .inherit.updating(["EDITOR": "python3 \(editor)  --wait"]))
            #expect(edit.code == 0, "\(edit.errors)")
            #expect(edit.errorLines == ["- frame.data: \"order 3\"", "+ frame.data: \"ORDER 3\""])
            let left = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + ".edited")), as: UTF8.self)
            #expect(!FileManager.default.fileExists(atPath: left))
            var filter = JournalFilter()
            filter.states = [.pending]
            filter.order = .oldest
            let entries = try Inspector(database: path).entries(filter)
            #expect(entries.map(\.replayOf) == [1, 2, 3])
            let data = entries.map { String(decoding: $0.data ?? [], as: UTF8.self) }
            #expect(data.prefix(2) == [#"{"sku":1}"#, #"{"sku":2}"#])
            #expect(data[2].contains("ORDER 3"))
            for (editor, says) in [("true", "was not changed"), ("false", "did not end well"), ("/no/editor", "cannot be run")] {
                let outcome = try await Program.run(
                    all: ["journal", "replay", "3", "--edit", "--again", "--yes", "--database", path],
                    environment: .inherit.updating(["EDITOR": editor]))
                #expect(outcome.code == (editor == "/no/editor" ? 64 : 1))
                #expect(outcome.errors.contains(says))
            }
        }
    }

    @Test("--edit opens the editor, shows what is different, and only then asks; where nobody can be asked no editor opens")
    func editThenAsk() async throws {
        try await withFailures(3) { path in
            let editor = try script(
                URL(fileURLWithPath: path).deletingLastPathComponent().path,
                """
                import sys
                old = open(sys.argv[1]).read()
                open(sys.argv[1], "w").write(old.replace("order", "ORDER"))
                print("edited", flush=True)
                """)
            let replay = ["journal", "replay", "3", "--edit", "--database", path]
            let unasked = try await Program.run(
                all: replay, environment: .inherit.updating(["EDITOR": "python3 \(editor)"]))
            #expect(unasked.code == 64)
            #expect(!unasked.output.contains("edited"))
            func answer(_ keys: String) async throws -> Program.Outcome {
                try await Program.onTerminal(
                    replay, noColour: true, typing: [.init(after: "[y/N]", keys: keys)],
                    environment: ["EDITOR": "python3 \(editor)"])
            }
            let no = try await answer("n\n")
            #expect(no.code == 1)
            let parts = ["edited", "- frame.data: \"order 3\"", "+ frame.data: \"ORDER 3\"", "Replay 1 entry? [y/N]"]
            var rest = no.output[...]
            for part in parts {
                let place = rest.firstRange(of: part)
                #expect(place != nil, "\(part) in its place: \(no.output)")
                rest = place.map { rest[$0.upperBound...] } ?? rest
            }
            #expect(try JournalOperator(database: path).actions().isEmpty)
            #expect(try await answer("y\n").output.contains("1 of 1 entry replayed"))
        }
    }

    @Test("killed half-way it goes on without repeating or skipping, on exactly the frozen ids")
    func resume() async throws {
        try await withFailures(60) { path in
            let journal = try JournalOperator(database: path)
            let arguments = ["journal", "replay", "--state", "dead", "--rate", "40/s", "--yes", "--database", path]
            let killed = try await Program.kill(arguments) {
                try await eventually("ten are replayed") { try journal.actions().first.map { $0.finished >= 10 } ?? false }
            }
            #expect(killed.code == nil)
            let action = try #require(try journal.actions().first)
            #expect((10..<60).contains(action.finished))
            #expect(action.total == 60)
            // What fails now is not part of it.
            _ = try journal.discard([60])
            let wrong = try await run(path, "journal", "retry", "--resume", "\(action.id)", "--yes")
            #expect(wrong.code == 65)
            let rest = try await run(path, "journal", "replay", "--resume", "\(action.id)", "--yes", "--json")
            #expect(rest.code == 0, "\(rest.errors)")
            #expect(try rest.objects().first?["applied"] == .number(Double(60 - action.finished)))
            for id in Int64(1)...60 { #expect(try Inspector(database: path).entry(id).replays.count == 1) }
            #expect(try await run(path, "journal", "replay", "--resume", "\(action.id)", "--yes").code == 1)
        }
    }

    @Test("SIGTERM stops after the part in hand, says how to go on, and exits with 130")
    func interrupted() async throws {
        try await withFailures(60) { path in
            let journal = try JournalOperator(database: path)
            let arguments = ["journal", "retry", "--state", "dead", "--rate", "20/s", "--yes", "--database", path]
            let stopped = try await Program.run(arguments) {
                try await eventually("some are retried") { try journal.actions().first.map { $0.finished >= 5 } ?? false }
            }
            #expect(stopped.code == 130)
            #expect(stopped.errors.contains("go on with: connmix-durable journal retry --resume 1"))
            #expect(try journal.actions().first?.state == .stopped)
            #expect(try await run(path, "journal", "retry", "--resume", "1", "--yes").code == 0)
            #expect(try counts(path) == [.pending: 60, .done: 1])
        }
    }

    @Test("--canary: few first; stops where too many fail, goes on where they do not")
    func canary() async throws {
        try await withFailures(40) { path in
            try await withDevEngine { engine in
                let consume = ["consume", "--database", path, "--center", engine.center, "--topic", "chat"]
                let canary = ["journal", "retry", "--state", "dead", "--canary", "--yes", "--database", path]
                _ = try await Program.run(consume + ["--max-attempts", "1", "--exec", "false"]) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let bad = try await Program.run(all: canary)
                    #expect(bad.code == 1)
                    #expect(bad.errors.contains("1 of a step of 1 failed: 100 percent"))
                    #expect(bad.errors.contains("action 1 stopped after 1 of 40 entries"))
                }
                _ = try await Program.run(consume + ["--exec", "true"]) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let good = try await Program.run(all: canary + ["--json"])
                    #expect(good.code == 0, "\(good.errors)")
                    #expect(try good.objects().first?["applied"] == .number(40))
                    #expect(try counts(path) == [.done: 41])
                }
            }
        }
    }

    @Test("P2: beside a consumer at work a long replay changes nothing but what it is for, and is picked up")
    func beside() async throws {
        try await withDatabase(texts: (1...600).map { "old \($0)" }, handler: answerEnd) { path in
            try await withDevEngine { engine in
                let consume = ["consume", "--database", path, "--center", engine.center, "--topic", "chat", "--echo"]
                // Those who sent the old messages are gone, and answers to them are tried for a while.
                let outcome = try await Program.run(consume + ["--drain", "0.1"]) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let user = try await engine.connectEndUser()
                    async let flow: Void = {
                        for start in 0..<20 {
                            try await user.send(contentsOf: (0..<50).map { "new \(start * 50 + $0)" })
                            try await engine.waitUntil { $0.nodes[0].popped >= (start + 1) * 50 }
                        }
                    }()
                    let replay = try await Program.run(
                        all: ["journal", "replay", "--id", "1-601", "--yes", "--json", "--database", path])
                    #expect(try replay.objects().first?["applied"] == .number(601))
                    try await flow
                    try await eventually("all are done") { try counts(path) == [.done: 601 + 601 + 1_000] }
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(try Inspector(database: path).entry(601).replays.count == 1)
            }
        }
    }

    @Test("outbox: cancel and retry")
    func outbox() async throws {
        try await withFailures(1) { path in
            let outbox = try SharedOutbox(database: path)
            let ids = try (1...5).map { try outbox.enqueue(.meshPublish(to: $0 < 3 ? "news" : "sport", "hello")) }
            let cancel = try await run(path, "outbox", "cancel", "--channel", "news", "--yes")
            #expect(cancel.lines == ["action 1: 2 of 2 commands cancelled"])
            func states() throws -> [CommandState: Int64] {
                try Inspector(database: path).status().outbox.filter { $0.value > 0 }
            }
            #expect(try states() == [.sent: 1, .pending: 3, .cancelled: 2])
            #expect(try await run(path, "outbox", "retry", "--channel", "news", "--yes").code == 1)
            let retry = try await run(path, "outbox", "retry", "--channel", "news", "--state", "cancelled", "--yes", "--json")
            #expect(try retry.objects().first?["applied"] == .number(2))
            #expect(try states() == [.sent: 1, .pending: 5])
            let store = try Store(path: path)
            try await store.writer.write { transaction in
                for id in ids.prefix(2) {
                    let end = Settlement(state: .dead, attempts: 1, writes: 1, error: "client \(id) is gone")
                    try OutboxTable.settle(transaction, id: id, end)
                }
            }
            await store.close()
            #expect(try await run(path, "outbox", "cancel", "--error", "gone", "--yes").code == 1, "pending ones are meant")
            let aside = try await run(path, "outbox", "cancel", "--error", "gone", "--state", "dead", "--yes")
            #expect(aside.lines == ["action 3: 2 of 2 commands cancelled"])
            #expect(try states()[.cancelled] == 2)
        }
    }

    @Test("prune deletes what finished long enough ago, keeps the newest row, and what is not finished")
    func prune() async throws {
        try await withDatabase(texts: (1...20).map { "hello \($0)" } + ["bad"], handler: answerEnd) { path in
            #expect(try await run(path, "journal", "prune", "--older-than", "1h", "--yes").code == 1)
            let dry = try await run(path, "journal", "prune", "--older-than", "0s", "--dry-run", "--json")
            #expect(try dry.objects().count == 20)
            let prune = try await run(path, "journal", "prune", "--older-than", "0s", "--yes", "--reason", "space")
            #expect(prune.lines == ["action 1: 20 of 20 entries deleted"], "\(prune.errors)")
            // The newest is the one that ended last.
            #expect(try counts(path) == [.dead: 1, .done: 1])
            let dead = try await run(path, "journal", "prune", "--older-than", "0s", "--state", "dead,done", "--yes")
            #expect(dead.lines == ["action 2: 1 of 1 entry deleted"])
            #expect(throws: ConnmixError.self) { try JournalOperator(database: path).undo(1) }
            #expect(try await run(path, "outbox", "prune", "--older-than", "0s", "--yes").code == 1)
        }
    }

    @Test("on a terminal: a question, a bar; no, Ctrl-C and Ctrl-D change nothing")
    func terminal() async throws {
        try await withFailures(30) { path in
            let retry = ["journal", "retry", "--error", "not found", "--database", path]
            let no = try await Program.onTerminal(retry, typing: [.init(after: "[y/N]", keys: "n\n")])
            #expect(no.code == 1)
            #expect(no.output.contains("Retry 10 entries? [y/N]"))
            for keys in ["\u{3}", "\u{4}"] {
                #expect(try await Program.onTerminal(retry, typing: [.init(after: "[y/N]", keys: keys)]).code == 130)
            }
            #expect(try JournalOperator(database: path).actions().isEmpty)
            let yes = try await Program.onTerminal(retry + ["--rate", "20/s"], typing: [.init(after: "[y/N]", keys: "y\n")])
            #expect(yes.code == 0)
            #expect(yes.output.contains("█"))
            #expect(yes.output.contains("/10  "))
            #expect(yes.output.contains("left"))
            #expect(yes.output.contains("action 1: 10 of 10 entries retried"))
            #expect(yes.output.contains("actions undo 1"))
            // Nobody but a terminal sees a bar.
            let quiet = try await run(path, "journal", "retry", "--state", "dead", "--yes")
            #expect(quiet.errors.isEmpty)
        }
    }
}
