import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import Synchronization
import Testing
import TestSupport

@Suite("consume", .timeLimit(.minutes(1)))
struct ConsumeTests {
    @Test("--echo answers, and the stop is clean")
    func echo() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["a", "b"], answers: 2, database: folder + "/db", handler: ["--echo"])
            #expect(run.frames == ["received: a", "received: b"])
            #expect(run.outcome.code == 0)
            #expect(run.outcome.output.isEmpty)
        }
    }

    @Test("--exec: input, environment, commands")
    func exec() async throws {
        try await withFolder { folder in
            let handler = try script(
                folder,
                """
                import json, os, sys
                m = json.loads(sys.stdin.readline())
                assert os.environ["CONNMIX_ID"] == str(m["id"]) and os.environ["CONNMIX_TOPIC"] == m["topic"]
                assert os.environ["CONNMIX_CLIENT"] == m["client"] and os.environ["CONNMIX_NODE"] == m["node"]
                print(json.dumps({"m": "conn.call", "p": {"c": m["client"], "f": "subscribe", "a": ["room"]}}))
                print(json.dumps({"m": "mesh.publish", "p": {"c": "room", "d": m["data"]["frame"]["data"].upper()}}))
                """)
            let run = try await ConsumeRun(
                ["hello"], answers: 1, database: folder + "/db", handler: ["--exec", "python3", handler])
            #expect(run.frames == ["HELLO"])
        }
    }

    /// A file of the folder Examples.
    private func example(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Examples/\(name)").path
    }

    @Test("the Python example does what its page says")
    func pythonExample() async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["hello", "later", "never", "oops", "join"], answers: 3, database: folder + "/db",
                options: ["--concurrency", "2", "--max-attempts", "2"], handler: ["--worker", "python3", example("worker.py")])
            #expect(run.frames.prefix(2) == ["received: hello", "received: later"])
            #expect(run.frames.last?.hasSuffix(" joined") == true)
            var dead = JournalFilter()
            dead.states = [.dead]
            dead.order = .oldest
            let errors = try Inspector(database: folder + "/db").entries(dead).map(\.lastError)
            #expect(errors == ["no such order", "ValueError: a bug in the handler"])
        }
    }

    @Test(
        "the PHP examples do what their pages say",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/php"), "PHP is not installed"),
        arguments: [["--worker", "worker.php"], ["--exec", "handler.php"]])
    func phpExamples(handler: [String]) async throws {
        try await withFolder { folder in
            let run = try await ConsumeRun(
                ["hello", "never", "é😀"], answers: 2, database: folder + "/db", options: ["--concurrency", "2"],
                handler: [handler[0], "php", example(handler[1])])
            #expect(run.frames == ["received: hello", "received: é😀"])
            var dead = JournalFilter()
            dead.states = [.dead]
            let errors = try Inspector(database: folder + "/db").entries(dead).compactMap(\.lastError)
            #expect(errors.count == 1)
            #expect(errors.first?.contains("no such order") == true)
        }
    }

    @Test("--exec: every way to fail")
    func execFails() async throws {
        try await withFolder { folder in
            let handler = try script(
                folder,
                """
                import json, os, sys, time
                m = json.loads(sys.stdin.readline())
                what = m["data"]["frame"]["data"]
                if what == "code": sys.stderr.write("so bad\\n"); sys.exit(3)
                if what == "dead": sys.exit(65)
                if what == "line": print("hello"); sys.exit(0)
                if what == "slow":
                    print("half an answer", flush=True)
                    sys.stderr.write("waiting for prices\\n")
                    sys.stderr.flush()
                    time.sleep(600)
                if what == "kill": os.kill(os.getpid(), 9)
                if what == "again" and m["attempt"] == 1: sys.exit(75)
                print(json.dumps({"m": "mesh.send", "p": {"c": m["client"], "d": what + str(m["attempt"])}}))
                """)
            let database = folder + "/db"
            let texts = ["code", "dead", "line", "slow", "kill", "again"]
            let run = try await ConsumeRun(
                texts, answers: 1, database: database, options: ["--max-attempts", "2", "--timeout", "1"],
                handler: ["--exec", "python3", handler])
            #expect(run.frames == ["again2"])
            let list = try await Program.run("journal", "list", "--order", "oldest", "--json", "--database", database)
            let entries = try list.objects()
            let errors = entries.map { $0["last_error"]?.text ?? "" }
            #expect(entries.map { $0["attempts"] } == [2, 1, 2, 2, 2, 2].map { .number($0) })
            #expect(errors[0] == "python3 ended with exit code 3: so bad")
            #expect(errors[1].contains("exit 65"))
            #expect(errors[2].contains("line 1 of python3's output is no valid request"))
            #expect(errors[3] == #"the attempt took longer than 1 s; it printed "half an answer": waiting for prices"#)
            let slow = try await Program.run("journal", "show", "4", "--json", "--database", database)
            #expect(try slow.objects()[0]["attempts_log"]?.array?.first?.object?["outcome"] == .text("timeout"))
            #expect(errors[4].contains("signal 9"))
            #expect(entries[5]["state"] == .text("done"))
        }
    }

    @Test("--worker: answers, failures, deaths")
    func worker() async throws {
        try await withFolder { folder in
            let handler = try script(
                folder,
                """
                import json, os, sys, time
                for line in sys.stdin:
                    m = json.loads(line)
                    what = m["data"]["frame"]["data"]
                    answer = {"id": m["id"], "ok": True, "commands": []}
                    if what == "die": sys.stderr.write("dying\\n"); sys.stderr.flush(); os._exit(4)
                    if what == "wrong": answer["id"] = 12345
                    if what == "slow": time.sleep(600)
                    if what == "no": answer = {"id": m["id"], "ok": False, "error": "not today"}
                    if what == "never": answer = {"id": m["id"], "ok": False, "error": "never", "permanent": True}
                    if what == "later" and m["attempt"] == 1:
                        answer = {"id": m["id"], "ok": False, "error": "later", "retry_after": 0.05}
                    elif what in ("later", "end"):
                        answer["commands"] = [{"m": "mesh.send", "p": {"c": m["client"], "d": what}}]
                    print(json.dumps(answer), flush=True)
                """)
            let database = folder + "/db"
            let texts = ["die", "wrong", "slow", "no", "never", "later", "end"]
            let run = try await ConsumeRun(
                texts, answers: 2, database: database,
                options: ["--max-attempts", "2", "--timeout", "1", "--concurrency", "2"],
                handler: ["--worker", "python3", handler])
            #expect(run.frames == ["later", "end"])
            #expect(run.outcome.code == 0)
            let list = try await Program.run("journal", "list", "--order", "oldest", "--json", "--database", database)
            let entries = try list.objects()
            let errors = entries.map { $0["last_error"]?.text ?? "" }
            #expect(errors[0] == "python3 ended with exit code 4: dying")
            #expect(errors[1].contains("it answered message 12345"))
            #expect(errors[2].contains("no answer within"))
            #expect(errors[3] == "not today")
            #expect(entries[4]["attempts"] == .number(1))
            #expect(entries[5]["state"] == .text("done"))
        }
    }

    @Test(
        "P2: a second SIGTERM during the grace time ends at once with 130; the next run handles what was interrupted",
        arguments: ["--exec", "--worker"])
    func secondSignal(how: String) async throws {
        try await withFolder { folder in
            let database = folder + "/db"
            let handler = try script(
                folder,
                """
                import json, os, sys, time
                while line := sys.stdin.readline():
                    m = json.loads(line)
                    what = m["data"]["frame"]["data"]
                    if what == "slow" and not os.path.exists("\(folder)/quick"): time.sleep(600)
                    command = {"m": "mesh.send", "p": {"c": m["client"], "d": what + str(m["attempt"])}}
                    answer = {"id": m["id"], "ok": True, "commands": [command]}
                    print(json.dumps(command if "\(how)" == "--exec" else answer), flush=True)
                """)
            try await withDevEngine { engine in
                let arguments =
                    ["consume", "--database", database, "--center", engine.center, "--topic", "chat", "--concurrency", "2"]
                    + [how, "python3", handler]
                let (slow, other) = (try await engine.connectEndUser(), try await engine.connectEndUser())
                let began = Mutex(ContinuousClock.now)
                let interrupted = try await Program.run(
                    arguments,
                    terminating: { terminate in
                        try await slow.send(contentsOf: ["slow", "after"])
                        try await engine.waitUntil { $0.nodes[0].popped == 2 }
                        try await other.send("other")
                        try await engine.waitUntil { $0.delivered == 1 }  // so the slow one is being handled
                        try terminate()
                        let first = ContinuousClock.now
                        try await engine.waitUntil { $0.nodes[0].consumers == 0 }
                        // What comes earlier is an echo of the first.
                        try await Task.sleep(until: first + .milliseconds(100))
                        began.withLock { $0 = .now }
                        try terminate()
                    })
                #expect(ContinuousClock.now - began.withLock { $0 } < .seconds(8))
                #expect(interrupted.code == 130)
                #expect(interrupted.errors.contains("stopped at once"))
                let list = try await Program.run("journal", "list", "--order", "oldest", "--json", "--database", database)
                #expect(try list.objects().map { $0["state"]?.text } == ["pending", "pending", "done"])
                #expect(try list.objects().prefix(2).map { $0["attempts"] } == [.number(0), .number(0)])

                try Data().write(to: URL(fileURLWithPath: folder + "/quick"))
                let next = try await Program.run(arguments) { try await engine.waitUntil { $0.delivered == 3 } }
                #expect(next.code == 0)
                var frames = slow.frames.makeAsyncIterator()
                #expect(await frames.next()?.text == "slow1")
                #expect(await frames.next()?.text == "after1")
            }
        }
    }

    @Test(
        "P8: a second SIGTERM while the disk takes nothing ends with 74 and says what is lost, whatever is served beside",
        .enabled(if: PreloadedLibrary.isPossible, "there is no C compiler at /usr/bin/cc to build the disk's stand-in with"),
        arguments: [[], ["--listen", "127.0.0.1:0", "--web", "127.0.0.1:0"]])
    func secondSignalAndFullDisk(ports: [String]) async throws {
        try await withFolder { folder in
            let disk = try await StubbornDisk(folder)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments = ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--echo"]
                let outcome = try await Program.run(
                    arguments + ports, under: ["env"] + disk.environment, signals: [.terminate, .terminate]
                ) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    try disk.refuse()
                    try await user.send("hello")
                    try await eventually("the message is read") {
                        try Inspector(database: folder + "/db").status().atRisk == 1
                    }
                }
                #expect(outcome.code == 74)
                #expect(outcome.errorLines.last?.contains("1 messages could not be written to") == true, "\(outcome.errors)")
            }
        }
    }

    @Test("P8: with less free than --disk-headroom nothing is taken, and log and status say so; limits without sense are refused")
    func limits() async throws {
        try await withFolder { folder in
            let database = folder + "/db"
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                try await user.send("hello")
                let arguments = ["consume", "--database", database, "--center", engine.center, "--topic", "chat", "--echo"]
                let outcome = try await Program.run(arguments + ["--disk-headroom", "\(Int.max)"]) {
                    try await engine.waitUntil { $0.nodes[0].connections == 1 }
                    let status = try await Program.run("status", "--json", "--database", database)
                    let consumer = try #require(try status.objects().first?["consumer"]?.object)
                    #expect(consumer["paused"]?.text?.contains("bytes are free on the file system") == true)
                }
                #expect(outcome.code == 0)
                #expect(outcome.errors.contains("paused"))
                #expect(try await engine.snapshot().nodes[0].popped == 0)
                for (option, value) in [("backlog-limit", "0"), ("at-risk-bytes", "1"), ("disk-headroom", "-1")] {
                    let refused = try await Program.run(all: arguments + ["--\(option)=\(value)"])
                    #expect(refused.code == 64, "\(option)")
                }
                let status = try await Program.run("status", "--json", "--database", database)
                #expect(try status.objects().first?["consumer"]?.object?["paused"] == .null)
            }
        }
    }

    @Test("a second consumer is refused with the owner's pid; status sees the first")
    func busy() async throws {
        try await withFolder { folder in
            let database = folder + "/db"
            try await withDevEngine { engine in
                let arguments = ["consume", "--database", database, "--center", engine.center, "--topic", "chat", "--echo"]
                _ = try await Program.run(arguments) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let status = try await Program.run("status", "--json", "--database", database)
                    let consumer = try #require(try status.objects().first?["consumer"]?.object)
                    #expect(consumer["running"] == .bool(true))
                    guard case .number(let pid) = consumer["pid"] else {
                        Issue.record("no pid")
                        return
                    }
                    let second = try await Program.run(all: arguments)
                    #expect(second.code == 75)
                    #expect(second.errors.contains("process \(Int(pid))"))
                }
            }
        }
    }
}
