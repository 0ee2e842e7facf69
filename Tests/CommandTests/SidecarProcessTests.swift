import ConnmixDevEngine
import ConnmixDurable
import Foundation
import Subprocess
import SystemPackage
import Testing
import TestSupport

/// Children that misbehave. What they leave behind must not hold up anybody, and must be gone at the end.
@Suite("consume: processes that misbehave", .timeLimit(.minutes(1)))
struct SidecarProcessTests {
    /// What every handler here begins with: `note()` writes the number of the process down, and `linger()` leaves a child
    /// behind that keeps all descriptors open.
    private let head = """
        import json, os, signal, sys, time
        def note():
            with open(__file__ + ".pids", "a") as f: f.write("%d\\n" % os.getpid())
        def linger():
            started, ready = os.pipe()
            if os.fork() == 0:
                note()
                os.write(ready, b"x")
                while True: time.sleep(600)
            os.read(started, 1)
        def send(m, text): return {"m": "mesh.send", "p": {"c": m["client"], "d": text}}
        note()

        """

    private func handler(_ folder: String, _ text: String) throws -> String { try script(folder, head + text) }

    /// Which of the processes that were noted are still there.
    private func survivors(_ folder: String) throws -> [Int32] {
        let noted = try String(contentsOfFile: folder + "/handler.py.pids", encoding: .utf8)
        #expect(!noted.isEmpty)
        return noted.split(separator: "\n").compactMap { Int32($0) }.filter { kill($0, 0) == 0 }
    }

    /// Returns when none of the processes that were noted is there any more.
    private func allEnded(_ folder: String) async throws {
        for pid in try survivors(folder) {
            _ = try await Subprocess.run(
                .name("tail"), arguments: ["--pid", "\(pid)", "-s", "0.02", "-f", "/dev/null"], output: .discarded,
                error: .discarded)
        }
    }

    @Test("--exec: a child that neither reads nor keeps its stdin open, whatever the message's size")
    func execUnread() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                os.close(0)
                print(json.dumps(send({"client": os.environ["CONNMIX_CLIENT"]}, "unread")))
                """)
            let run = try await ConsumeRun(
                [String(repeating: "x", count: 200_000), "small"], answers: 2, database: folder + "/db",
                handler: ["--exec", "python3", script])
            #expect(run.frames == ["unread", "unread"])
            #expect(try survivors(folder).isEmpty)
        }
    }

    @Test("--exec: output without end, on stdout and on stderr, and bytes that are no UTF-8")
    func execOutput() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                what = m["data"]["frame"]["data"]
                if what == "stdout":
                    while True: os.write(1, b"x" * 65536)
                if what == "stderr":
                    for _ in range(200): os.write(2, b"y" * 65536)
                    os.write(2, b"\\nthe end\\n")
                    sys.exit(3)
                if what == "bytes":
                    os.write(2, b"bad \\xff byte")
                    sys.exit(4)
                if what == "wire":
                    os.write(1, b'{"m":"mesh.send","p":{"c":"1","d":"\\xff"}}')
                    sys.exit(0)
                print(json.dumps(send(m, what)))
                """)
            let run = try await ConsumeRun(
                ["stdout", "stderr", "bytes", "wire", "end"], answers: 1, database: folder + "/db",
                options: ["--max-attempts", "1"], handler: ["--exec", "python3", script])
            #expect(run.frames == ["end"])
            let errors = try run.errors()
            #expect(errors[0] == "python3 wrote more than 16 MiB and was ended")
            #expect(errors[1].hasSuffix("yyy\nthe end"))
            #expect(errors[1].utf8.count < 4_300)
            #expect(errors[2] == "python3 ended with exit code 4: bad \u{FFFD} byte")
            #expect(errors[3].contains("line 1 of python3's output is no valid request"))
            #expect(try survivors(folder).isEmpty)
        }
    }

    @Test("--exec: a grandchild that keeps stdout open holds up nobody, and is ended with its group")
    func execGrandchild() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                linger()
                print(json.dumps(send(m, m["data"]["frame"]["data"])))
                """)
            let run = try await ConsumeRun(
                ["a", "b"], answers: 2, database: folder + "/db", handler: ["--exec", "python3", script])
            #expect(run.frames == ["a", "b"])
            try await allEnded(folder)
        }
    }

    @Test("--exec: SIGKILL follows where SIGTERM is ignored, for the whole group; no zombie stays")
    func execStubborn() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                if m["data"]["frame"]["data"] == "slow":
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    linger()
                    while True: time.sleep(600)
                zombies = 0
                for name in os.listdir("/proc"):
                    try: facts = open("/proc/%s/stat" % name).read().rsplit(")", 1)[1].split()
                    except (OSError, IndexError): continue
                    zombies += facts[0] == "Z" and int(facts[1]) == os.getppid()
                print(json.dumps(send(m, "zombies: %d" % zombies)))
                """)
            let run = try await ConsumeRun(
                ["slow", "count"], answers: 1, database: folder + "/db",
                options: ["--max-attempts", "1", "--timeout", "3"], handler: ["--exec", "python3", script])
            #expect(run.frames == ["zombies: 0"])
            #expect(try run.errors()[0].contains("took longer than"))
            try await allEnded(folder)
        }
    }

    @Test("--worker: a line without end, bytes that are no UTF-8, stderr without line ends")
    func workerOutput() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                for line in sys.stdin:
                    m = json.loads(line)
                    what = m["data"]["frame"]["data"]
                    if what == "stdout":
                        while True: os.write(1, b"x" * 65536)
                    if what == "bytes": os.write(1, b'{"id":%d,"ok":true,"x":"\\xff"}\\n' % m["id"])
                    if what == "stderr":
                        for _ in range(320): os.write(2, b"y" * 65536)
                    print(json.dumps({"id": m["id"], "ok": True, "commands": [send(m, what)]}), flush=True)
                """)
            let run = try await ConsumeRun(
                ["stdout", "bytes", "stderr", "end"], answers: 2, database: folder + "/db",
                options: ["--max-attempts", "1", "--concurrency", "1"], handler: ["--worker", "python3", script])
            #expect(run.frames == ["stderr", "end"])
            let errors = try run.errors()
            #expect(errors[0].hasPrefix("python3 was ended: it wrote a line over 16 MiB"))
            #expect(errors[1].hasPrefix("python3 was ended: it wrote a line that is no answer; it printed \"{\"id\":"))
            #expect(try survivors(folder).isEmpty)
        }
    }

    @Test("--worker: one that closes its stdin, one that ignores SIGTERM, one whose child lingers: each is replaced")
    func workerReplaced() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                for line in iter(sys.stdin.readline, ""):
                    m = json.loads(line)
                    what = m["data"]["frame"]["data"]
                    if what == "deaf": os.close(0)
                    if what == "stubborn":
                        signal.signal(signal.SIGTERM, signal.SIG_IGN)
                        linger()
                        while True: time.sleep(600)
                    if what == "die":
                        linger()
                        os._exit(4)
                    print(json.dumps({"id": m["id"], "ok": True, "commands": [send(m, what)]}), flush=True)
                    while what == "deaf": time.sleep(600)
                """)
            let run = try await ConsumeRun(
                ["deaf", "stubborn", "die", "end"], answers: 2, database: folder + "/db",
                options: ["--max-attempts", "1", "--concurrency", "1", "--timeout", "3"],
                handler: ["--worker", "python3", script])
            #expect(run.frames == ["deaf", "end"])
            let errors = try run.errors()
            #expect(errors[1].contains("no answer within"))
            #expect(errors[2] == "python3 ended with exit code 4")
            try await allEnded(folder)
        }
    }

    @Test("--worker: what was answered right before the end counts")
    func workerLastWord() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                m = json.loads(sys.stdin.readline())
                print(json.dumps({"id": m["id"], "ok": True, "commands": [send(m, m["data"]["frame"]["data"])]}), flush=True)
                """)
            let run = try await ConsumeRun(
                ["a", "b", "c"], answers: 3, database: folder + "/db",
                options: ["--concurrency", "1"], handler: ["--worker", "python3", script])
            #expect(run.frames == ["a", "b", "c"])
            #expect(try run.entries().first?.attempts == 1)
        }
    }

    @Test(
        "the stop ends handlers that heed neither their stdin nor SIGTERM",
        arguments: [("--exec", 1), ("--worker", 1), ("--worker", 2)])
    func stop(kind: String, signals: Int) async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                m = json.loads(sys.stdin.readline())
                linger()
                open(__file__ + ".fifo", "w").close()
                while True: time.sleep(600)
                """)
            try #require(mkfifo(script + ".fifo", 0o600) == 0)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "1", "--shutdown-grace", signals == 1 ? "0.1" : "600", kind, "python3", script]
                let outcome = try await Program.run(arguments, signals: signals == 1 ? [.terminate] : [.terminate, .interrupt]) {
                    try await user.send("hello")
                    // Opening waits for the other end.
                    _ = try await Subprocess.run(.name("cat"), arguments: ["\(script).fifo"], output: .discarded)
                }
                #expect(outcome.code == (signals == 1 ? 0 : 130), "\(outcome.errors)")
            }
            try await allEnded(folder)
            let entries = try Inspector(database: folder + "/db").entries(JournalFilter())
            #expect(entries.map(\.state) == [.pending])
            #expect(entries.map(\.attempts) == [0])
        }
    }

    /// Reads lines without reading further than their ends, and sees whether another one is there.
    private let carefulReading = """
        import select
        def line():
            text = b""
            while not text.endswith(b"\\n"):
                byte = os.read(0, 1)
                if not byte: sys.exit(0)
                text += byte
            return json.loads(text)
        def another(patience): return bool(select.select([0], [], [], patience)[0])
        def answer(m, text): print(json.dumps({"id": m["id"], "ok": True, "commands": [send(m, text)]}), flush=True)

        """

    @Test("--worker: a quick one has the next line before it asks; where it dies only what it worked on has failed")
    func workerAhead() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                carefulReading + """
                    while True:
                        m = line()
                        if another(0) and not os.path.exists(__file__ + ".seen"):
                            with open(__file__ + ".seen", "w") as f: f.write("%d" % m["id"])
                            os._exit(4)
                        answer(m, "x")
                    """)
            let count = 2_000
            let run = try await ConsumeRun(
                Array(repeating: "x", count: count), answers: count, database: folder + "/db",
                options: ["--concurrency", "1", "--lane", "none", "--retry-base", "0.01"],
                handler: ["--worker", "python3", script])
            #expect(run.outcome.code == 0, "\(run.outcome.errors)")
            let seen = try Int64(String(contentsOfFile: script + ".seen", encoding: .utf8))
            var filter = JournalFilter()
            filter.limit = count
            let entries = try Inspector(database: folder + "/db").entries(filter)
            #expect(entries.count == count && entries.allSatisfy { $0.state == .done })
            #expect(entries.filter { $0.attempts > 1 }.map(\.id) == [seen])
        }
    }

    @Test("--worker: a slow one gets a line when it has answered the last one, and not before")
    func workerNotAhead() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                carefulReading + """
                    while True:
                        m = line()
                        answer(m, "ahead" if another(0.005) else "alone")
                    """)
            let run = try await ConsumeRun(
                Array(repeating: "x", count: 40), answers: 40, database: folder + "/db",
                options: ["--concurrency", "1", "--lane", "none"], handler: ["--worker", "python3", script])
            #expect(run.frames == Array(repeating: "alone", count: 40))
        }
    }

    @Test("--worker: the stop waits for what workers have, and gives back what waits for one")
    func workerStop() async throws {
        try await withFolder { folder in
            let (script, database) = (
                try handler(
                    folder,
                    carefulReading + """
                        while True:
                            m = line()
                            open(__file__ + ".began", "w").close()
                            open(__file__ + ".end").close()
                            answer(m, "x")
                        """), folder + "/db"
            )
            for name in [".began", ".end"] { try #require(mkfifo(script + name, 0o600) == 0) }
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", database, "--center", engine.center, "--topic", "chat", "--lane", "none"]
                    + ["--concurrency", "1", "--shutdown-grace", "600", "--worker", "python3", script]
                let states = { @Sendable in
                    var filter = JournalFilter()
                    filter.order = .oldest
                    return try Inspector(database: database).entries(filter).map(\.state)
                }
                let outcome = try await Program.run(
                    arguments,
                    terminating: { terminate in
                        try await user.send(contentsOf: ["in hand", "waits"])
                        _ = try await Subprocess.run(.name("cat"), arguments: ["\(script).began"], output: .discarded)
                        try await eventually("one is in hand and one waits") { try states() == [.running, .running] }
                        try terminate()
                        try await eventually("what waits is given back") { try states() == [.running, .pending] }
                        try "".write(toFile: script + ".end", atomically: false, encoding: .utf8)
                    })
                #expect(outcome.code == 0, "\(outcome.errors)")
                #expect(try states() == [.done, .pending])
                #expect(try Inspector(database: database).entries(JournalFilter()).map(\.attempts).sorted() == [0, 1])
            }
        }
    }

    @Test("workers end by themselves where connmix-durable is killed")
    func killed() async throws {
        try await withFolder { folder in
            let script = try handler(
                folder,
                """
                for line in sys.stdin:
                    m = json.loads(line)
                    print(json.dumps({"id": m["id"], "ok": True, "commands": [send(m, "x")]}), flush=True)
                """)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "2", "--worker", "python3", script]
                let outcome = try await Program.run(arguments, signals: [.kill]) {
                    try await user.send("hello")
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 1 }
                }
                #expect(outcome.code == nil)
            }
            try await allEnded(folder)
        }
    }

    @Test("--worker: a program that cannot be started for a while costs no attempts")
    func workerMissing() async throws {
        try await withFolder { folder in
            let (program, log) = (folder + "/worker", folder + "/log")
            let text = """
                #!/bin/sh
                read line
                id=${line#*:}
                echo "{\\"id\\":${id%%,*},\\"ok\\":true,\\"commands\\":[{\\"m\\":\\"mesh.send\\",\\"p\\":{\\"c\\":\\"$1\\",\\"d\\":\\"x\\"}}]}"
                """
            try text.write(toFile: program, atomically: true, encoding: .utf8)
            try #require(chmod(program, 0o700) == 0)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments =
                    ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                    + ["--concurrency", "1", "--worker", program, user.id]
                _ = try await Program.run(arguments, errors: log) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    try FileManager.default.moveItem(atPath: program, toPath: program + ".away")
                    try await user.send("hello")
                    while try !String(contentsOfFile: log, encoding: .utf8).contains("cannot be started") { await Task.yield() }
                    try FileManager.default.moveItem(atPath: program + ".away", toPath: program)
                    try await engine.waitUntil(within: .seconds(20)) { $0.delivered == 1 }
                }
            }
            #expect(try Inspector(database: folder + "/db").entries(JournalFilter()).map(\.attempts) == [1])
        }
    }

    @Test("a number of workers that is out of range is refused by its name", arguments: ["0", "10001", "5000000000000000000"])
    func workerCount(count: String) async throws {
        try await withFolder { folder in
            let outcome = try await Program.run(
                "consume", "--topic", "chat", "--database", folder + "/db", "--concurrency", count, "--worker", "cat")
            #expect(outcome.code == 64)
            #expect(outcome.errorLines == ["connmix-durable: --concurrency is \(count); it may be 1 to 10000"])
        }
    }

    @Test("a consumer that is refused starts no worker")
    func refused() async throws {
        try await withFolder { folder in
            let started = folder + "/started"
            try await withDevEngine { engine in
                let arguments = ["consume", "--database", folder + "/db", "--center", engine.center, "--topic", "chat"]
                _ = try await Program.run(arguments + ["--echo"]) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let second = try await Program.run(
                        all: arguments + ["--worker", "sh", "-c", "echo $$ >> \(started); cat"])
                    #expect(second.code == 75)
                    #expect(!FileManager.default.fileExists(atPath: started))
                }
            }
        }
    }
}
