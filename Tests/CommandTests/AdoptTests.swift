import ConnmixDevEngine
import ConnmixDurable
import FoundationEssentials
import Testing
import TestSupport

/// The drill of docs/backup.md: a host is lost for good, and its file is adopted elsewhere from a backup.
@Suite("adopting a backup", .timeLimit(.minutes(1)))
struct AdoptTests {
    private func consume(_ database: String, _ center: String, _ handler: [String]) -> [String] {
        [
            "consume", "--database", database, "--center", center, "--topic", "chat", "--concurrency", "1", "--directory-refresh",
            "0.2",
        ] + handler
    }

    /// Answers with the entry's number, once a file is there for what begins with `wait`.
    private func handler(_ folder: String) throws -> [String] {
        let path = try script(
            folder,
            """
            import json, os, sys, time
            for line in sys.stdin:
                m = json.loads(line)
                text = m["data"]["frame"]["data"]
                while text.startswith("wait") and not os.path.exists("\(folder)/go"): time.sleep(0.01)
                command = {"m": "mesh.send", "p": {"c": m["client"], "d": text + " as " + str(m["id"])}}
                print(json.dumps({"id": m["id"], "ok": True, "commands": [command]}), flush=True)
            """)
        return ["--worker", "python3", path]
    }

    @Test(
        "P2, P11: what the backup has is handled on the other host, no id is given twice, and the time that is in neither file is shown"
    )
    func drill() async throws {
        try await withFolder { folder in
            let (lost, backup, new) = (folder + "/first/db", folder + "/backup.sqlite3", folder + "/second/db")
            for name in ["first", "second"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
            }
            let handler = try handler(folder)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let killed = try await Program.kill(consume(lost, engine.center, handler)) {
                    try await user.send(contentsOf: ["one", "two"])
                    try await engine.waitUntil { $0.delivered == 2 }
                    // A mark rides on a later commit; without it the copy would send again.
                    try await eventually("two marks") { try Inspector(database: lost).status().outbox[.sent] == 2 }
                    // In hand and behind it, when the copy is made.
                    try await user.send(contentsOf: ["wait three", "four"])
                    try await eventually("four entries") {
                        (try? Inspector(database: lost).activity().entries) == 4
                    }
                    #expect(try await Program.run("database", "backup", backup, "--database", lost).code == 0)
                    // Came into the lost file only, with ids that the copy does not know.
                    try await user.send("five")
                    try await eventually("the fifth entry") { (try? Inspector(database: lost).activity().entries) == 5 }
                }
                #expect(killed.code == nil)
                // The host is gone, and with it all that lay beside the file.
                try FileManager.default.removeItem(atPath: folder + "/first")

                let adopted = try await Program.run(
                    "database", "adopt", backup, "--database", new, "--reason", "the disk died", "--json")
                #expect(adopted.code == 0, "\(adopted.errors)")
                let facts = try #require(try adopted.objects().first)
                #expect(facts["kind"] == .text("adoption") && facts["first_entry"] == .number(1_000_000_005))
                #expect(try await Program.run("database", "check", "--database", new).code == 0)
                let again = try await Program.run("database", "adopt", backup, "--database", new)
                #expect(again.code == 73)

                try Data().write(to: URL(fileURLWithPath: folder + "/go"))
                let next = try await Program.run(consume(new, engine.center, handler)) {
                    try await engine.waitUntil { $0.delivered == 4 }
                    try await user.send("six")
                    try await engine.waitUntil { $0.delivered == 5 }
                    let busy = try await Program.run("database", "adopt", "--database", new)
                    #expect(busy.code == 75)
                }
                #expect(next.code == 0)
                await user.close()
                var frames: [String] = []
                for await frame in user.frames { frames.append(frame.text ?? "") }
                #expect(frames == ["one as 1", "two as 2", "wait three as 3", "four as 4", "six as 1000000005"])
            }

            let gaps = try await Program.run("gaps", "--json", "--order", "oldest", "--database", new).objects()
            let adoption = try #require(gaps.first { $0["kind"] == .text("adoption") })
            #expect(adoption["reason"]?.text?.hasSuffix(": the disk died") == true)
            let (began, ended) = (try #require(adoption["began_at"]?.text), try #require(adoption["ended_at"]?.text))
            #expect(began < ended)
            // The connection that the copy has as open ended with its process; that nobody consumed goes on until the second host does.
            #expect(
                gaps.contains { $0["kind"] == .text("unclean_end") && $0["reason"]?.text?.hasPrefix("the process died") == true })
            let away = try #require(
                gaps.first { $0["reason"]?.text?.hasPrefix("no consumer was running: its process died") == true })
            #expect(try #require(away["ended_at"]?.text) > ended)
            // Nobody is suspect: no attempt was counted for what the copy had in hand.
            let list = try await Program.run("journal", "list", "--json", "--order", "oldest", "--database", new).objects()
            #expect(list.map { $0["attempts"] } == Array(repeating: .number(1), count: 5))
            #expect(try await Program.run("database", "check", "--database", new).code == 0)
            // The ids that were left out are no messages.
            #expect(try Inspector(database: new).activity().entries == 5)
            #expect(try Inspector(database: new).activity().receivedLastMinute == 5)
            let table = try await Program.run("gaps", "--database", new)
            #expect(table.output.contains("adopted on") && table.output.contains("the disk died"))
        }
    }

    @Test("a copy that has its place already; what is none is refused, and left as it was")
    func inPlace() async throws {
        try await withDatabase(texts: ["bad"], handler: answerEnd) { path in
            let copy = path + ".copy"
            #expect(try await Program.run("database", "backup", copy, "--database", path).code == 0)
            let adopted = try await Program.run("database", "adopt", "--database", copy)
            #expect(adopted.code == 0)
            #expect(adopted.lines.count == 4)
            #expect(try Inspector(database: copy).adoptions().map(\.id) == [1])
            #expect(try Inspector(database: copy).adoptions()[0].reason == nil)
            let again = try await Program.run("database", "adopt", "--database", copy)
            #expect(again.code == 64)
            #expect(again.errors.contains("was adopted on") && again.errors.hasSuffix("nobody can be asked; say --yes\n"))
            #expect(try Inspector(database: copy).adoptions().count == 1)
            #expect(try await Program.run("database", "adopt", "--database", copy, "--yes").code == 0)
            #expect(try Inspector(database: copy).adoptions().count == 2)

            let taken = try await Program.run("database", "adopt", copy, "--database", path)
            #expect(taken.code == 73 && !taken.errors.contains("--force"), "\(taken.errors)")
            let missing = try await Program.run("database", "adopt", path + ".none", "--database", path + ".new")
            #expect(missing.code == 66 && missing.errors.contains("there is no backup at \(path).none"), "\(missing.errors)")

            #expect(try await Program.run("database", "adopt", "--database", path + ".none").code == 66)
            try Data("text".utf8).write(to: URL(fileURLWithPath: path + ".text"))
            #expect(try await Program.run("database", "adopt", "--database", path + ".text").code == 65)
            #expect(try await Program.run("database", "adopt", path + ".text", "--database", path + ".new").code == 65)
            #expect(!FileManager.default.fileExists(atPath: path + ".new"))
            // A log that was left behind would be taken for the copy's own.
            try Data(repeating: 7, count: 100).write(to: URL(fileURLWithPath: path + ".new-wal"))
            #expect(try await Program.run("database", "adopt", copy, "--database", path + ".new").code == 73)
        }
    }
}
