import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import Testing
import TestSupport

/// What people meet first whose handler is in another language: it prints what it should not, it does not start, a name is misspelt.
@Suite("consume: the first hour", .timeLimit(.minutes(1)))
struct FirstHourTests {
    private let head = """
        import json, os, sys
        def send(m, text): return {"m": "mesh.send", "p": {"c": m["client"], "d": text}}
        def answer(m, *commands): print(json.dumps({"id": m["id"], "ok": True, "commands": commands}), flush=True)
        def words(m): return m["data"]["frame"]["data"]

        """

    private func handler(_ folder: String, _ text: String) throws -> String { try script(folder, head + text) }

    private func said(_ log: String, _ words: String) throws -> Int {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count { $0.contains(words) }
    }

    // MARK: What was printed

    @Test("--worker: the error has what was printed, escaped, and the message's own stderr only")
    func workerPrinted() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    what = words(m)
                    print("stderr of " + what, file=sys.stderr, flush=True)
                    if what == "warning":
                        print("\\nWarning: Undefined variable $x in worker.php on line 3\\n", flush=True)
                        sys.stdin.readline()
                    if what == "die":
                        print("no \\x1b[31m\\u202edatabase", end="")
                        sys.exit(0)
                    if what == "long": os.write(1, b"z" * 100000 + b"\\n")
                    answer(m, send(m, what))
                """)
            let run = try await ConsumeRun(
                ["one", "warning", "two", "die", "three", "long", "four"], answers: 4, database: folder + "/db",
                options: ["--max-attempts", "1", "--concurrency", "1"], handler: ["--worker", "python3", script])
            #expect(run.frames == ["one", "two", "three", "four"])
            let errors = try run.errors()
            #expect(
                errors[1] == "python3 was ended: it wrote a line that is no answer; it printed "
                    + "\"Warning: Undefined variable $x in worker.php on line 3\": stderr of warning")
            #expect(
                errors[3] == "python3 ended with exit code 0; it printed \"no \\u001b[31m\\u202edatabase\": stderr of die")
            #expect(errors[5].contains("\"" + String(repeating: "z", count: 200) + "…\": stderr of long"))
            // Each line of stderr is logged with the message that was in hand.
            let data = try run.entries().map { String(decoding: $0.data ?? [], as: UTF8.self) }
            let complaints = try run.outcome.logged("worker's stderr")
            #expect(complaints.count >= data.count)
            for line in complaints {
                let what = try #require(line["text"]?.text).replacing("stderr of ", with: "")
                let entry = try #require(line["entry"]?.text.flatMap { Int($0) }, "\(line)")
                #expect(data[entry - 1].contains(what), "\(line)")
            }
        }
    }

    @Test("--exec: what is no request is in the error, whatever the exit code; stderr of success is in the log")
    func execPrinted() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                what = words(m)
                print("stderr of " + what, file=sys.stderr, flush=True)
                print(json.dumps(send(m, what)))
                if what == "echo": print("received it")
                if what == "exit":
                    print("Could not open input file")
                    sys.exit(1)
                """)
            let run = try await ConsumeRun(
                ["echo", "exit", "good"], answers: 1, database: folder + "/db", options: ["--max-attempts", "1"],
                handler: ["--exec", "python3", script])
            #expect(run.frames == ["good"])
            let errors = try run.errors()
            #expect(
                errors[0] == "line 2 of python3's output is no valid request: it is not JSON; it printed \"received it\": "
                    + "stderr of echo")
            #expect(errors[1] == "python3 ended with exit code 1; it printed \"Could not open input file\": stderr of exit")
            #expect(run.outcome.errors.contains("\"text\":\"stderr of good\""))
        }
    }

    // MARK: A worker that cannot start

    @Test(
        "--worker: one that cannot start costs no attempt, is said once, and is shown until it works",
        arguments: [
            // The program that interprets it is there, the file is not.
            "print('Could not open input file'); sys.exit(1)",
            "print('Worker started', flush=True); sys.exit(0)",
            "sys.exit(0)",
            "sys.stdin.readline(); print('no database', end=''); sys.exit(0)",
            "sys.stdin.readline(); sys.exit(1)",
            "print('received', flush=True); sys.stdin.readline(); sys.stdin.readline()",
        ])
    func cannotStart(how: String) async throws {
        try await withFolder { folder in
            let (log, flag) = (folder + "/log", folder + "/repaired")
            let script = try handler(
                folder,
                """
                with open(__file__ + ".starts", "a") as f: f.write("x")
                if not os.path.exists("\(flag)"):
                    \(how)
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    answer(m, send(m, "x"))
                """)
            @Sendable func starts() -> Int { (try? Data(contentsOf: URL(fileURLWithPath: script + ".starts")).count) ?? 0 }
            let database = folder + "/db"
            try await withDevEngine { engine in
                let users = try await [engine.connectEndUser(), engine.connectEndUser(), engine.connectEndUser()]
                let arguments =
                    ["consume", "--database", database, "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "2", "--max-attempts", "1", "--metrics", "127.0.0.1:0", "--worker", "python3", script]
                _ = try await Program.run(arguments, errors: log) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    for user in users { try await user.send("hello") }
                    // Two at first, then one a pause, which doubles.
                    try await eventually("it was tried again") { starts() >= 6 }
                    let status = try await Program.run("status", "--database", database, "--json").objects()[0]
                    guard case .object(let workers)? = status["workers"], case .text(let reason)? = workers["cannot_run"] else {
                        Issue.record("\(status)")
                        return
                    }
                    #expect(reason.hasPrefix("python3 "))
                    #expect(status["handler"] == .text("--worker python3 \(script)"))
                    #expect(status["topics"] == .array([.text("chat")]))
                    #expect(try await Program.run("status", "--database", database).output.contains("cannot run, for "))
                    #expect(try await ready(log) == "handlers cannot run: \(reason)".escapedText)
                    #expect(try Inspector(database: database).entries(JournalFilter()).allSatisfy { $0.lastError == nil })
                    try Data().write(to: URL(fileURLWithPath: flag))
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 3 }
                    try await eventually("it is over") { try Inspector(database: database).status().handlerTrouble == nil }
                    #expect(try await ready(log) == "ready")
                }
            }
            #expect(try said(log, " warning ") == 1)
            #expect(try said(log, "works again") == 1)
            #expect(try Inspector(database: database).entries(JournalFilter()).map(\.attempts) == [1, 1, 1])
        }
    }

    /// What `/ready` of the consumer with that log says.
    private func ready(_ log: String) async throws -> String {
        let text = try String(contentsOfFile: log, encoding: .utf8)
        let address = try #require(text.firstMatch(of: /address=(127\.0\.0\.1:\d+)/)?.output.1)
        let url = try #require(URL(string: "http://\(address)/ready"))
        let answer = try await Subprocess.run(
            .name("curl"), arguments: ["--silent", url.absoluteString], output: .string(limit: 1 << 16), error: .discarded)
        return answer.standardOutput.trimmingCharacters(in: .newlines)
    }

    @Test("P6: a single message that ends every worker is dead in the end, also where nothing was ever answered")
    func poisonFirst() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    if words(m) == "bad": sys.exit(3)
                    answer(m, send(m, words(m)))
                """)
            let run = try await ConsumeRun(
                ["bad", "good"], answers: 1, database: folder + "/db", options: ["--max-attempts", "2"],
                handler: ["--worker", "python3", script])
            #expect(run.frames == ["good"])
            #expect(try run.entries().map(\.state) == [.dead, .done])
            #expect(try run.entries().map(\.attempts) == [2, 1])
        }
    }

    // MARK: Names

    @Test("a misspelt method or function fails the attempt and names the nearest one", arguments: ["--exec", "--worker"])
    func names(kind: String) async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    what = words(m)
                    c = send(m, what)
                    if what == "call": c = {"m": "conn.call", "p": {"c": m["client"], "f": "subscibe", "a": ["x"]}}
                    elif what != "end": c = {"m": what, "p": {"c": m["client"], "d": "x"}}
                    if "\(kind)" == "--exec": print(json.dumps(c))
                    else: answer(m, c)
                """)
            let texts = ["mesh.sned", "call", "queue.pop", "end"]
            let run = try await ConsumeRun(
                texts, answers: 1, database: folder + "/db", options: ["--max-attempts", "1"],
                handler: [kind, "python3", script])
            #expect(run.frames == ["end"])
            #expect(try run.states() == [.dead, .dead, .dead, .done])
            let errors = try run.errors()
            #expect(errors[0].contains("connmix has no method \"mesh.sned\"; the nearest is mesh.send"))
            #expect(errors[1].contains("connmix has no function \"subscibe\"; the nearest is subscribe"))
            #expect(errors[2].contains("queue.pop is the consumer's own"))
            #expect(run.outcome.errors.contains("\"level\":\"warning\",\"message\":\"message dead\""))

            let free = try await ConsumeRun(
                texts, answers: 1, database: folder + "/free", options: ["--max-attempts", "1", "--any-method"],
                handler: [kind, "python3", script])
            #expect(try free.states() == [.done, .done, .dead, .done])
            #expect(free.outcome.errors.contains("\"level\":\"warning\",\"message\":\"command dead\""))
        }
    }

    // MARK: Options

    @Test("an option of ours behind the handler is refused with both ways to write it; behind -- it is the handler's")
    func swallowed() async throws {
        try await withFolder { folder in
            for (kind, words) in [
                ("--worker", ["--database", folder + "/x"]), ("--exec", ["--concurrency=3"]),
                ("--exec", ["a", "--any-method"]), ("--worker", ["--bury-gone-clients"]),
            ] {
                let outcome = try await Program.run(all: ["consume", "--topic", "chat", kind, "python3", "w.py"] + words)
                let name = words.last { $0.hasPrefix("--") }?.prefix { $0 != "=" } ?? ""
                #expect(outcome.code == 64)
                #expect(outcome.errorLines.count == 1)
                #expect(outcome.errors.contains("consume \(name) ... \(kind) python3 ..."), "\(outcome.errors)")
                #expect(outcome.errors.contains("consume ... \(kind) -- python3 ... \(name)"), "\(outcome.errors)")
            }
            let none = try await Program.run("consume", "--topic", "chat", "--exec", "--")
            #expect(none.code == 64 && none.errors.contains("no program is named"))

            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                print(json.dumps(send(m, " ".join(sys.argv[1:]))))
                """)
            for words in [
                ["--exec", "--", "python3", script, "--database", "x"], ["--exec", "python3", script, "--", "--topic"],
            ] {
                let run = try await ConsumeRun(["x"], answers: 1, database: folder + "/db", handler: words)
                #expect(run.frames == [words.last == "x" ? "--database x" : "-- --topic"])
            }
            let rehearsal = try await Program.run(
                "journal", "rehearse", "--database", folder + "/db", "1", "--json", "--", "python3", script, "--database", "y")
            #expect(rehearsal.code == 0 && rehearsal.output.contains("--database y"), "\(rehearsal.errors)")
        }
    }

    @Test("--exec and --worker run as many processes as there are cores, and at least two")
    func concurrency() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                with open(__file__ + ".starts", "a") as f: f.write("x")
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    answer(m, send(m, "x"))
                """)
            let run = try await ConsumeRun(
                ["a", "b"], answers: 2, database: folder + "/db", handler: ["--worker", "python3", script])
            #expect(run.outcome.code == 0)
            let starts = try Data(contentsOf: URL(fileURLWithPath: script + ".starts")).count
            #expect(starts <= max(2, ProcessInfo.processInfo.activeProcessorCount))
        }
    }

    // MARK: Clients that are gone

    @Test("a client that is gone costs one wait: its other commands are tried once, or not at all", arguments: [true, false])
    func gone(buries: Bool) async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                for n in range(3): print(json.dumps({"m": "mesh.send", "p": {"c": "7", "d": "%d" % n}}))
                print(json.dumps(send(m, "end")))
                """)
            let run = try await ConsumeRun(
                ["x"], answers: 1, database: folder + "/db",
                options: ["--gone-tries", "2"] + (buries ? ["--bury-gone-clients"] : []),
                handler: ["--exec", "python3", script])
            #expect(run.frames == ["end"])
            var filter = OutboxFilter()
            filter.order = .oldest
            let commands = try Inspector(database: folder + "/db").commands(filter)
            #expect(commands.map(\.state) == [.dead, .dead, .dead, .sent])
            #expect(commands.prefix(3).map(\.attempts) == (buries ? [2, 0, 0] : [2, 1, 1]))
        }
    }

    @Test("send --wait says how long it was asked to wait")
    func wait() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(["x"], answers: 1, database: folder + "/db", handler: ["--echo"])
            #expect(run.outcome.code == 0)
            let outcome = try await Program.run("send", "--database", folder + "/db", "7", "hello", "--wait", "0.3")
            #expect(
                outcome.code == 1 && outcome.errors.contains("was not answered within 300 ms; it goes on"), "\(outcome.errors)")
        }
    }
}

extension String {
    /// As `/ready` shows it.
    fileprivate var escapedText: String { replacing("\n", with: "\\n") }
}
