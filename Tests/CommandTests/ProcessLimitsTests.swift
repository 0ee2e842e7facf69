import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import SystemPackage
import Testing
import TestSupport

@testable import connmix_durable

/// What the surroundings can do to the program: few descriptors, a reader that does not read, a terminal that goes.
@Suite("consume: hostile surroundings", .timeLimit(.minutes(1)))
struct ProcessLimitsTests {
    @Test(
        "more handlers than there are file descriptors for are refused with the figures",
        arguments: [
            ("--exec", "needs 928 file descriptors (4 a process and 128"),
            ("--worker", "needs 1128 file descriptors (5 a worker and 128"),
        ])
    func refused(kind: String, words: String) async throws {
        try await withFolder { folder in
            let outcome = try await Program.run(
                ["consume", "--topic", "chat", "--database", folder + "/db", "--concurrency", "200", kind, "cat"],
                under: Program.descriptors("-n 512"), signals: []
            ) {}
            #expect(outcome.code == 64)
            #expect(outcome.errors.contains(words) && outcome.errors.contains("the limit is 512"), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder + "/db"))
        }
    }

    @Test(
        "the soft limit is raised, handlers keep theirs; the default fits where few are allowed",
        arguments: ["--exec", "--worker"])
    func raised(kind: String) async throws {
        try await withFolder { folder in
            let script = try script(
                folder,
                """
                import json, resource, sys
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    c = {"m": "mesh.send", "p": {"c": m["client"], "d": "%d" % resource.getrlimit(resource.RLIMIT_NOFILE)[0]}}
                    print(json.dumps(c if "\(kind)" == "--exec" else {"id": m["id"], "ok": True, "commands": [c]}), flush=True)
                """)
            // 150 leave room for five processes or four workers.
            for (limit, options) in [("-Sn 150", ["--concurrency", "40"]), ("-n 150", [])] {
                let run = try await ConsumeRun(
                    Array(repeating: "x", count: 8), answers: 8, database: folder + "/db" + limit,
                    under: Program.descriptors(limit), options: ["--lane", "none"] + options, handler: [kind, "python3", script])
                #expect(run.outcome.code == 0, "\(run.outcome.errors)")
                #expect(run.frames == Array(repeating: "150", count: 8))
                #expect(try run.entries().allSatisfy { $0.attempts == 1 })
            }
        }
    }

    @Test(
        "descriptors that run out and come back: nothing traps, and no message loses an attempt",
        arguments: ["--exec", "--worker"])
    func exhausted(kind: String) async throws {
        try await withFolder { folder in
            let log = folder + "/log"
            let script = try script(
                folder,
                """
                import json, os, sys
                m = json.loads(sys.stdin.readline())
                c = {"m": "mesh.send", "p": {"c": m["client"], "d": "%d" % os.getppid()}}
                print(json.dumps(c if "\(kind)" == "--exec" else {"id": m["id"], "ok": True, "commands": [c]}), flush=True)
                """)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--lane", "none"]
                    + ["--concurrency", "4", "--max-attempts", "1", kind, "python3", script]
                _ = try await Program.run(arguments, errors: log) {
                    try await user.send("first")
                    var frames = user.frames.makeAsyncIterator()
                    let number = await frames.next()?.text ?? ""
                    func limit(_ count: Int) async throws {
                        let done = try await Subprocess.run(
                            .name("prlimit"), arguments: ["--pid", number, "--nofile=\(count):"], output: .discarded)
                        try #require(done.terminationStatus.isSuccess)
                    }
                    try await limit(30)
                    for _ in 0..<10 { try await user.send("more") }
                    try await eventually("it is said") {
                        try String(contentsOfFile: log, encoding: .utf8).contains("no file descriptors are left of 30")
                    }
                    try await limit(1_000)
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 11 }
                    // At other moments, too: in the midst of a start, for one.
                    let inspector = try Inspector(database: folder + "/db")
                    for round in 2...6 {
                        try await limit(30)
                        for _ in 0..<10 { try await user.send("more") }
                        try await eventually("it is journaled") { try inspector.activity().entries == round * 10 + 1 }
                        try await limit(1_000)
                        try await engine.waitUntil(within: .seconds(20)) { $0.delivered == round * 10 + 1 }
                    }
                }
            }
            #expect(
                try Inspector(database: folder + "/db").entries(JournalFilter()).map(\.attempts) == Array(repeating: 1, count: 50)
            )
        }
    }

    @Test(
        "a process whose end nobody would see is ended, and that is seen; one that is watched is left alone",
        .timeLimit(.minutes(1)))
    func unwatched() async throws {
        let ended = try await Subprocess.run(
            .name("sleep"), arguments: ["300"], input: .none, output: .discarded, error: .discarded
        ) {
            execution in
            let process = execution.processIdentifier
            #expect(!UnwatchedProcess.end(process))
            #expect(kill(process.value, 0) == 0)
            // As where its descriptor could not be had.
            #expect(UnwatchedProcess.end(process.value, watchedBy: -1))
        }
        #expect(ended.terminationStatus == .signaled(SIGKILL))
    }

    @Test("a stderr that nobody reads stalls nothing, and the stop is heard")
    func deafStderr() async throws {
        try await withFolder { folder in
            let log = folder + "/stderr"
            try #require(mkfifo(log, 0o600) == 0)
            // Both ends are open, and the pipe is full.
            let pipe = try FileDescriptor.open(FilePath(log), .readWrite, options: .nonBlocking)
            while (try? pipe.writeAll(Array(repeating: 0x78, count: 1))) != nil {}
            let script = try script(
                folder,
                """
                import json, sys
                for line in sys.stdin:
                    m = json.loads(line)
                    for _ in range(20): sys.stderr.write("y" * 1000 + "\\n")
                    sys.stderr.flush()
                    print(json.dumps({"id": m["id"], "ok": True, "commands": [{"m": "mesh.send", "p": {"c": m["client"], "d": "x"}}]}), flush=True)
                """)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--lane", "none"]
                    + ["--log-level", "debug", "--worker", "python3", script]
                let stopped = ContinuousClock.now
                let outcome = try await Program.run(arguments, errors: log) {
                    try await user.send(contentsOf: Array(repeating: "x", count: 200))
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 200 }
                }
                #expect(outcome.code == 0)
                #expect(ContinuousClock.now - stopped < .seconds(30))
            }
            try pipe.close()
        }
    }

    @Test("a terminal that goes stops it as SIGTERM does; under nohup it goes on")
    func hangup() async throws {
        try await withFolder { folder in
            for (wrapper, signals) in [([], [Signal.terminalClosed]), (["nohup"], [.terminalClosed, .terminate])] {
                try await withDevEngine { engine in
                    let arguments =
                        ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--echo"]
                    let outcome = try await Program.run(arguments, under: wrapper, signals: signals) {
                        try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    }
                    #expect(outcome.code == 0, "\(outcome.errors)")
                    #expect(outcome.errors.contains("info stopping"))
                }
            }
        }
    }

    @Test("a SIGTERM that is said twice at once, as timeout(1) does, is one: what is in hand is finished")
    func echo() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--exec", "sleep", "1"]
                let user = try await engine.connectEndUser()
                let outcome = try await Program.run(
                    arguments,
                    terminating: { terminate in
                        try await user.send("one")
                        try await eventually("it is in hand") {
                            (try? Inspector(database: folder + "/db").status().journal[.running]) == 1
                        }
                        try terminate()
                        try await Task.sleep(for: .milliseconds(20))
                        try terminate()
                    })
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(try Inspector(database: folder + "/db").status().journal[.done] == 1)
            }
        }
    }

    @Test("a second hangup does not hurry, and the demo stops with 130")
    func hangups() async throws {
        try await withFolder { folder in
            try await withDevEngine { engine in
                let arguments = ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat", "--echo"]
                let outcome = try await Program.run(arguments, signals: [.terminalClosed, .terminalClosed]) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                }
                #expect(outcome.code == 0, "\(outcome.errors)")
            }
            let demo = try await Program.run(
                ["demo", "--messages", "1000000", "--database", folder + "/demo"], signals: [.terminalClosed]
            ) {
                try await eventually("it runs") { FileManager.default.fileExists(atPath: folder + "/demo-wal") }
            }
            #expect(demo.code == 130, "\(demo.errors)")
        }
    }

    @Test("arguments and variables that are no UTF-8 are refused with their place")
    func noText() async throws {
        let bytes = try await Program.run(
            ["send", "--database", "/no/such", "1"],
            under: ["bash", "-c", "exec \"$@\" $'a\\xff'", "bash"], signals: []
        ) {}
        #expect(bytes.code == 64)
        #expect(bytes.errors.contains("argument 5, \"a\u{FFFD}\", is no UTF-8"), "\(bytes.errors)")
        let variable = try await Program.run(
            ["status"], under: ["bash", "-c", "CONNMIX_DURABLE_DATABASE=$'/x\\xff' exec \"$@\"", "bash"], signals: []
        ) {}
        #expect(variable.code == 64)
        #expect(variable.errors.contains("$CONNMIX_DURABLE_DATABASE is no UTF-8"), "\(variable.errors)")
    }
}
