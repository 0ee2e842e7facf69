import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import Testing
import TestSupport

/// Handlers that cannot be started, and those that end often.
@Suite("consume: processes that come and go", .timeLimit(.minutes(1)))
struct SidecarStartTests {
    private let head = """
        import json, os, sys
        def send(m, text): return {"m": "mesh.send", "p": {"c": m["client"], "d": text}}
        def answer(m, text, **more):
            print(json.dumps(dict({"id": m["id"], "ok": True, "commands": [send(m, text)]}, **more)), flush=True)

        """

    private func attempts(_ folder: String) throws -> [Int] {
        try Inspector(database: folder + "/db").entries(JournalFilter()).map(\.attempts)
    }

    /// A program that a test can take away and bring back.
    private func program(_ folder: String, _ text: String) throws -> String {
        let path = folder + "/program"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        try #require(chmod(path, 0o700) == 0)
        return path
    }

    private func said(_ log: String, _ words: String) throws -> Int {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count { $0.contains(words) }
    }

    @Test(
        "--exec: a program that cannot be started costs no attempts, is said once, and works again when it is back",
        arguments: ["missing", "not allowed", "no interpreter", "no program"])
    func execMissing(how: String) async throws {
        try await withFolder { folder in
            let (log, good) = (folder + "/log", "#!/bin/sh\nread line\necho \"$1\"\n")
            let program = try program(folder, good)
            try await withDevEngine { engine in
                let users = try await [engine.connectEndUser(), engine.connectEndUser(), engine.connectEndUser()]
                let command = "{\"m\":\"mesh.send\",\"p\":{\"c\":\"\(users[0].id)\",\"d\":\"x\"}}"
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "4", "--max-attempts", "1", "--exec", program, command]
                _ = try await Program.run(arguments, errors: log) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    switch how {
                    case "missing": try FileManager.default.removeItem(atPath: program)
                    case "not allowed": try #require(chmod(program, 0o600) == 0)
                    case "no interpreter": _ = try self.program(folder, "#!/no/such/thing\n")
                    default: _ = try self.program(folder, "\u{7F}nothing that runs")
                    }
                    for user in users { try await user.send("hello") }
                    try await eventually("it is said") { try said(log, "cannot be started") == 1 }
                    // Several tries have failed by then.
                    try await eventually("all are in hand") {
                        try Inspector(database: folder + "/db").entries(JournalFilter()).map(\.state)
                            == [.running, .running, .running]
                    }
                    _ = try self.program(folder, good)
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 3 }
                }
            }
            #expect(try said(log, "cannot be started") == 1)
            #expect(try said(log, "works again") == 1)
            #expect(try attempts(folder) == [1, 1, 1])
        }
    }

    @Test(
        "--worker: one that prints a blank line first, or does not loop over its input, is told so",
        arguments: [
            ("print()\nsys.stdin.readline()", "it wrote a line that is no answer; it printed an empty line"),
            ("pass", "ended with exit code 0 before it read a message; does it loop over its input (run())?"),
        ])
    func firstWords(text: String, words: String) async throws {
        try await withFolder { folder in
            let handler = try script(folder, head + "import time\n" + text)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "1", "--worker", "python3", handler]
                _ = try await Program.run(arguments, errors: folder + "/log") {
                    try await user.send("hello")
                    try await eventually("it is said") { try said(folder + "/log", words) > 0 }
                }
            }
        }
    }

    @Test("P2: the stop gives back what waits for a program that cannot be started", arguments: ["--exec", "--worker"])
    func stopMeanwhile(kind: String) async throws {
        try await withFolder { folder in
            let program = try program(folder, "#!/bin/sh\n")
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--shutdown-grace", "600", kind, program]
                _ = try await Program.run(arguments, errors: folder + "/log") {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    try FileManager.default.removeItem(atPath: program)
                    try await user.send("hello")
                    try await eventually("it is said") { try said(folder + "/log", "cannot be started") == 1 }
                }
            }
            let entries = try Inspector(database: folder + "/db").entries(JournalFilter())
            #expect(entries.map(\.state) == [.pending] && entries.map(\.attempts) == [0])
        }
    }

    @Test(
        "--worker: one that ends after each answer, with and without saying so, costs no attempts and no warnings",
        arguments: [true, false])
    func recycled(says: Bool) async throws {
        try await withFolder { folder in
            let text =
                head + """
                    m = json.loads(sys.stdin.readline())
                    answer(m, "x", last=\(says ? "True" : "False"))
                    """
            let count = 12
            let run = try await ConsumeRun(
                Array(repeating: "x", count: count), answers: count, database: folder + "/db",
                options: ["--concurrency", "2", "--lane", "none", "--max-attempts", "1"],
                handler: ["--worker", "python3", try script(folder, text)])
            #expect(run.outcome.code == 0)
            #expect(try attempts(folder) == Array(repeating: 1, count: count))
            #expect(!run.outcome.errors.contains("warning"), "\(run.outcome.errors)")
        }
    }

    @Test("--worker: a quick one that has lines written ahead when it ends loses nothing")
    func recycledAhead() async throws {
        try await withFolder { folder in
            let text =
                head + """
                    for _ in range(200): answer(json.loads(sys.stdin.readline()), "x")
                    """
            let count = 1_000
            let run = try await ConsumeRun(
                Array(repeating: "x", count: count), answers: count, database: folder + "/db",
                options: ["--concurrency", "1", "--lane", "none", "--max-attempts", "1"],
                handler: ["--worker", "python3", try script(folder, text)])
            var filter = JournalFilter()
            filter.limit = count
            let entries = try Inspector(database: folder + "/db").entries(filter)
            #expect(entries.count == count && entries.allSatisfy { $0.attempts == 1 && $0.state == .done })
            #expect(!run.outcome.errors.contains("warning"))
        }
    }

    @Test("--worker: one that ends well at every message without an answer is a failed attempt in the end")
    func silent() async throws {
        try await withFolder { folder in
            let text =
                head + """
                    for line in iter(sys.stdin.readline, ""):
                        m = json.loads(line)
                        if m["data"]["frame"]["data"] == "bad": sys.exit(0)
                        answer(m, "good")
                    """
            let run = try await ConsumeRun(
                ["good", "bad", "good", "bad", "good"], answers: 3, database: folder + "/db",
                options: ["--concurrency", "1", "--max-attempts", "2"],
                handler: ["--worker", "python3", try script(folder, text)])
            #expect(run.frames == ["good", "good", "good"])
            #expect(try run.entries().map(\.state) == [.done, .dead, .done, .dead, .done])
            #expect(try run.errors()[1] == "python3 ended with exit code 0")
        }
    }

    @Test("--worker: one that dies before it reads anything is no attempt, and is said once")
    func boot() async throws {
        try await withFolder { folder in
            let (log, flag) = (folder + "/log", folder + "/repaired")
            let text =
                head + """
                    if not os.path.exists("\(flag)"): sys.exit("a library is missing")
                    for line in sys.stdin: answer(json.loads(line), "x")
                    """
            let script = try script(folder, text)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "3", "--max-attempts", "1", "--worker", "python3", script]
                _ = try await Program.run(arguments, errors: log) {
                    try await user.send("hello")
                    // Each worker wrote its line: three have died, and three again.
                    try await eventually("all died") { try said(log, "text=\"a library is missing\"") >= 6 }
                    try Data().write(to: URL(fileURLWithPath: flag))
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 1 }
                }
            }
            #expect(try said(log, "ends before it has answered") == 1)
            #expect(try attempts(folder) == [1])
        }
    }

    @Test("P12: handlers get no variable of ours that may hold a password", arguments: ["--exec", "--worker"])
    func secrets(kind: String) async throws {
        try await withFolder { folder in
            let text =
                head + """
                    for line in iter(sys.stdin.readline, ""):
                        m = json.loads(line)
                        names = " ".join(sorted(k for k in os.environ if k.startswith("CONNMIX_")))
                        if "\(kind)" == "--exec": print(json.dumps(send(m, names)))
                        else: answer(m, names)
                    """
            let run = try await ConsumeRun(
                ["x"], answers: 1, database: folder + "/db",
                under: ["env", "CONNMIX_CENTER=u:secret@127.0.0.1:1", "CONNMIX_ID=7", "CONNMIX_DURABLE_DATABASE=x"],
                handler: [kind, "python3", try script(folder, text)])
            let facts =
                kind == "--exec" ? ["ATTEMPT", "CLIENT", "DURABLE_DATABASE", "ID", "NODE", "TOPIC"] : ["DURABLE_DATABASE"]
            #expect(run.frames == [facts.map { "CONNMIX_\($0)" }.joined(separator: " ")])
        }
    }
}
