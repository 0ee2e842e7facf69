import ConnmixDevEngine
import TestSupport
import Testing

@testable import ConnmixDurable

@Suite("lanes and actions", .timeLimit(.minutes(1)))
struct LanesAndActionsTests {
    private func run(_ path: String, _ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(all: arguments + ["--database", path])
    }

    @Test("actions: a list of both ledgers, and undo")
    func actions() async throws {
        try await withDatabase(texts: ["a", "b", "c"], handler: failForThreeCauses) { path in
            let empty = try await run(path, "actions", "list")
            #expect(empty.code == 1)
            try SharedOutbox(database: path).enqueue(.meshPublish(to: "news", "x"))
            #expect(try await run(path, "journal", "retry", "--all", "--yes", "--reason", "\u{1B}[31mback").code == 0)
            #expect(try await run(path, "outbox", "cancel", "--all", "--yes").code == 0)
            let list = try await run(path, "actions", "list", "--json")
            let actions = try list.objects()
            #expect(actions.map { $0["verb"] } == [.text("cancel"), .text("retry")])
            #expect(actions.map { $0["ledger"] } == [.text("outbox"), .text("journal")])
            let keys: Set = [
                "id", "verb", "ledger", "state", "total", "finished", "applied", "interrupted", "actor", "reason", "selection",
                "created_at", "ended_at",
            ]
            #expect(Set(actions[0].keys) == keys)
            #expect(actions[1]["selection"]?.object?["filter"]?.object?["state"] == .array([.text("dead")]))
            let table = try await run(path, "actions", "list")
            #expect(table.output.contains(#"\u001b[31mback"#))

            #expect(try await run(path, "actions", "undo", "1").code == 64)
            let dry = try await run(path, "actions", "undo", "1", "--dry-run")
            #expect(dry.lines == ["1", "2", "3"])
            #expect(dry.errors.contains("action 1, retry of 3 entries, would be undone"))
            _ = try JournalOperator(database: path).discard([2])
            let undo = try await run(path, "actions", "undo", "1", "--yes", "--json", "--reason", "too early")
            #expect(undo.code == 0)
            #expect(try undo.objects().first?["applied"] == .number(2))
            #expect(try undo.objects().first?["skipped"]?.array?.count == 1)
            #expect(try await run(path, "actions", "list").output.contains("undone, but 1 "))
            let states = try Inspector(database: path).entryStates([1, 2, 3])
            #expect(states == [1: .dead, 2: .discarded, 3: .dead])
            #expect(try await run(path, "actions", "undo", "2", "--yes").lines == ["action 5: 1 of 1 command undone"])
            let again = try await run(path, "actions", "undo", "2", "--yes")
            #expect(again.code == 1)
            #expect(again.errorLines == ["connmix-durable: nothing of action 2 is left to undo"])
            // Of what was left as it is nothing was changed; a process that died goes on no further.
            #expect(try await run(path, "journal", "retry", "2", "--yes").code == 1)
            let left = try #require(try await run(path, "actions", "list", "--json").objects().first)
            #expect(left["finished"] == .number(1) && left["applied"] == .number(0))
            #expect(try await run(path, "actions", "list", "--limit", "1").output.contains(" 0/1 "))
            _ = try SharedStore(path: path).write(.records) { transaction in
                try ActionLog.begin(
                    transaction, .retry, .journal, actor: "me (process 2147483646)", reason: nil, selection: "{}", total: 7)
            }
            #expect(try await run(path, "actions", "list", "--limit", "1").output.contains(" interrupted "))
            #expect(
                try await run(path, "actions", "list", "--limit", "1", "--json").objects().first?["interrupted"] == .bool(true))

            let none = try await run(path, "actions", "undo", "99", "--yes")
            #expect(none.code == 1)
            #expect(none.errorLines == ["connmix-durable: there is no action 99"])
        }
    }

    @Test("lanes: parked and waiting, with what is behind; skip and release")
    func lanes() async throws {
        try await withDatabase(texts: ["bad", "behind", "more", "last"], parking: true, handler: answerEnd) { path in
            let list = try await run(path, "lanes", "list", "--json")
            let lanes = try list.objects()
            #expect(lanes.count == 1, "\(list.errors)")
            let lane = try #require(lanes.first)
            #expect(Set(lane.keys) == ["lane", "state", "head", "behind", "parked_at", "available_at", "reason"])
            #expect(lane["state"] == .text("parked"))
            #expect(lane["head"] == .number(1))
            #expect(lane["behind"] == .number(3))
            let name = try #require(lane["lane"]?.text)
            let show = try await run(path, "lanes", "show", name, "--json")
            let shown = try show.objects().first?["entries"]?.array?.compactMap { $0.object?["id"] }
            #expect(shown == [1, 2, 3, 4].map { JSON.number($0) })
            #expect(try await run(path, "lanes", "show", name).output.contains("no good: \\u001b[31m"))

            #expect(try await run(path, "lanes", "show", "nobody").code == 1)
            #expect(try await run(path, "lanes", "skip", "nobody", "--yes").code == 1)
            #expect(try await run(path, "lanes", "skip", "--yes").code == 64)
            #expect(try await run(path, "lanes", "skip", name, "--all", "--yes").code == 64)
            #expect(try await run(path, "lanes", "skip", name).code == 64)
            #expect(try await run(path, "lanes", "skip", name, "--dry-run").lines == ["1"])
            #expect(try Inspector(database: path).parkedLanes().count == 1)

            let skip = try await run(path, "lanes", "skip", name, "--yes", "--reason", "known")
            #expect(skip.code == 0, "\(skip.errors)")
            #expect(try await run(path, "lanes", "list").code == 1)
            #expect(try await run(path, "actions", "undo", "1", "--yes").code == 0)
            #expect(try await run(path, "lanes", "release", "--all", "--yes").code == 0)
            #expect(try Inspector(database: path).entryStates([1]) == [1: .pending])
            #expect(try await run(path, "lanes", "list").code == 1)
        }
        try await withDatabase(texts: ["bad", "behind"], parking: true, handler: answerEnd) { path in
            let lane = try #require(try Inspector(database: path).parkedLanes().first)
            // As an earlier version left it: replayed, and the lane parked.
            #expect(try await run(path, "journal", "replay", "1", "--yes").code == 0)
            #expect(try await run(path, "lanes", "list").code == 1)
            try SharedStore(path: path).write(.journal) {
                try ParkedLanes.park($0, lane: lane.lane, entry: 1, reason: "e")
            }
            let release = try await run(path, "lanes", "release", lane.lane, "--yes")
            #expect(
                release.lines == [
                    "action 2: 0 of 1 entry retried, 1 lane opened", "  1: it was replayed, and stays so; its lane is open",
                ])
            #expect(try await run(path, "lanes", "list").code == 1)
        }
    }

    @Test("a lane that waits for a retry is listed with its time, beside a running consumer; release tries it now")
    func waiting() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let path = folder + "/db"
                let handler = try script(folder, "import os, sys\nsys.exit(0 if os.path.exists('\(folder)/mended') else 1)")
                let consume = ["consume", "--topic", "chat", "--center", engine.center, "--database", path]
                let policy = ["--backoff-base", "3600", "--backoff-cap", "3600", "--exec", "python3", handler]
                _ = try await Program.run(consume + policy) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let user = try await engine.connectEndUser()
                    try await user.send(contentsOf: ["first", "second"])
                    try await eventually("it waits") { try Inspector(database: path).stillLanes().first?.behind == 1 }
                    let lane = try #require(try await Program.run("lanes", "list", "--json", "--database", path).objects().first)
                    #expect(lane["state"] == .text("waiting"))
                    #expect(lane["available_at"] != .null)
                    #expect(lane["lane"] == .text(user.id))
                    let skip = try await Program.run("lanes", "skip", user.id, "--yes", "--database", path)
                    #expect(skip.code == 1)
                    #expect(skip.errors.contains("journal discard --id 1"))
                    _ = try script(folder, "", name: "mended")
                    #expect(try await Program.run("lanes", "release", user.id, "--yes", "--database", path).code == 0)
                    try await eventually("both are done") { try Inspector(database: path).status().journal[.done] == 2 }
                }
            }
        }
    }
}
