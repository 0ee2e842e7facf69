import ConnmixDevEngine
import FoundationEssentials
import Glibc
import Subprocess
import Synchronization
import Testing
import TestSupport

/// A service manager's end of `$NOTIFY_SOCKET`.
private final class Manager: Sendable {
    private let file: Int32
    private let all = Mutex<[String]>([])
    let name: String

    /// - Parameter name: a path, or `@` and an abstract name.
    init(_ name: String) throws {
        self.name = name
        file = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, length) }
        }
        try #require(result == 0)
    }

    deinit { close(file) }

    /// All that was said until now, a datagram an element.
    func heard() -> [String] {
        all.withLock { all in
            var bytes = [UInt8](repeating: 0, count: 8_192)
            while true {
                let count = recv(file, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                guard count >= 0 else { return all }
                all.append(String(decoding: bytes[..<count], as: UTF8.self))
            }
        }
    }

    /// How often a line was said.
    func count(_ line: String) -> Int {
        heard().flatMap { $0.split(separator: "\n") }.count { $0.hasPrefix(line) }
    }

    /// Waits until a line that begins so was said so often.
    func hear(_ line: String, times: Int = 1) async throws {
        try await eventually(line) { count(line) >= times }
    }
}

@Suite("Type=notify, with the program itself", .timeLimit(.minutes(1)))
struct NotifyTests {
    private func environment(_ manager: Manager, watchdog: Int = 0) -> [String] {
        ["env", "NOTIFY_SOCKET=\(manager.name)"] + (watchdog > 0 ? ["WATCHDOG_USEC=\(watchdog)"] : [])
    }

    private func consume(_ folder: String, _ center: String, _ handler: String...) -> [String] {
        ["consume", "--database", folder + "/db", "--center", center, "--topic", "chat"]
            + (handler.isEmpty ? ["--echo"] : handler)
    }

    @Test("opening, ready, consuming, alive, stopping, in this order", arguments: [true, false])
    func life(isAbstract: Bool) async throws {
        try await withFolder { folder in
            let manager = try Manager(isAbstract ? "@\(folder)" : folder + "/notify")
            try await withDevEngine { engine in
                let outcome = try await Program.run(
                    ["consume", "--log-format", "journal"] + consume(folder, engine.center).dropFirst(),
                    under: environment(manager, watchdog: 2_000_000)
                ) {
                    try await manager.hear("READY=1")
                    try await manager.hear("STATUS=consuming 1 of 1 node")
                    try await manager.hear("WATCHDOG=1", times: 2)
                    #expect(manager.heard().first == "STATUS=opening \(folder)/db")
                    #expect(manager.count("STOPPING=1") == 0)
                }
                #expect(outcome.code == 0)
                #expect(outcome.errorLines.allSatisfy { $0.hasPrefix("<6>") }, "\(outcome.errors)")
                #expect(outcome.errorLines.contains { $0.hasPrefix("<6>consuming address=") })
                #expect(manager.heard().contains { $0.hasPrefix("STOPPING=1\nSTATUS=stopping: ") })
                #expect(manager.count("READY=1") == 1 && manager.count("STOPPING=1") == 1)
            }
        }
    }

    @Test("ready while the center is down, and says so")
    func centerDown() async throws {
        try await withFolder { folder in
            let manager = try Manager(folder + "/notify")
            let outcome = try await Program.run(consume(folder, "127.0.0.1:1"), under: environment(manager)) {
                try await manager.hear("READY=1")
                try await manager.hear("STATUS=the center is in trouble, and asked again: ")
            }
            #expect(outcome.code == 0)
        }
    }

    @Test("a SIGTERM that comes in its first moment stops it, whichever of its parts listens by then", arguments: 0..<20)
    func early(delay: Int) async throws {
        try await withFolder { folder in
            let manager = try Manager(folder + "/notify")
            let outcome = try await Program.run(consume(folder, "127.0.0.1:1"), under: environment(manager)) {
                while manager.heard().isEmpty { await Task.yield() }
                // Spread over the moment in which it begins to listen.
                let end = ContinuousClock.now + .microseconds(delay * 50)
                while ContinuousClock.now < end {}
            }
            // Before it listens the signal ends it as it ends every process.
            #expect(outcome.code == 0 || outcome.code == nil)
            if outcome.code == 0 { #expect(manager.count("STOPPING=1") == 1) }
        }
    }

    @Test("one that is refused is never ready; its last words and its exit code say why")
    func refused() async throws {
        try await withFolder { folder in
            try Data("no database".utf8).write(to: URL(fileURLWithPath: folder + "/db"))
            let manager = try Manager(folder + "/notify")
            let outcome = try await Program.run(consume(folder, "127.0.0.1:1"), under: environment(manager), signals: []) {}
            #expect(outcome.code == 65)
            let heard = manager.heard()
            #expect(heard.last.map { "connmix-durable: " + $0.dropFirst("STATUS=".count) } == outcome.errorLines.last)
            #expect(!heard.contains { $0.contains("READY=1") })
        }
    }

    @Test(
        "P8: a disk that refuses lets the watchdog start over, since the writer answers; one that never comes back does not, and the stop ends",
        .enabled(if: PreloadedLibrary.isPossible, "there is no C compiler at /usr/bin/cc to build the disk's stand-in with"))
    func disk() async throws {
        try await withFolder { folder in
            let manager = try Manager(folder + "/notify")
            let disk = try await StubbornDisk(folder)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let wrapper = environment(manager, watchdog: 1_000_000) + disk.environment
                let arguments = consume(folder, engine.center) + ["--shutdown-grace", "1", "--drain", "0"]
                let outcome = try await Program.run(arguments, under: wrapper) {
                    try await manager.hear("STATUS=consuming 1 of 1 node")
                    try disk.refuse()
                    try await user.send("hello")
                    try await manager.hear("STATUS=nothing is taken: ")
                    try await manager.hear("WATCHDOG=1", times: manager.count("WATCHDOG=1") + 2)

                    // A disk that does not come back is another thing: the writer hangs in it, and the watchdog is left alone.
                    try disk.hang()
                    try await eventually("silence for three times the watchdog's time") {
                        let before = manager.count("WATCHDOG=1")
                        try await Task.sleep(for: .seconds(3))
                        return manager.count("WATCHDOG=1") == before
                    }
                }
                #expect(outcome.code == 74)
                #expect(outcome.errorLines.last?.contains("1 messages") == true, "\(outcome.errors)")
            }
        }
    }

    @Test("handlers cannot speak for it", arguments: ["--exec", "--worker"])
    func handlers(kind: String) async throws {
        try await withFolder { folder in
            let manager = try Manager(folder + "/notify")
            let handler = try script(
                folder,
                """
                import json, os, sys
                seen = [name for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC") if name in os.environ]
                for line in sys.stdin:
                    m = json.loads(line)
                    command = {"m": "mesh.send", "p": {"c": m["client"], "d": "seen: " + " ".join(seen)}}
                    print(json.dumps({"id": m["id"], "ok": True, "commands": [command]} if "\(kind)" == "--worker" else command), flush=True)
                """)
            try await withDevEngine { engine in
                let user = try await engine.connectEndUser()
                let arguments = consume(folder, engine.center, kind, "python3", handler)
                _ = try await Program.run(arguments, under: environment(manager, watchdog: 60_000_000)) {
                    try await user.send("hello")
                    try await engine.waitUntil { $0.delivered == 1 }
                }
                var frames = user.frames.makeAsyncIterator()
                #expect(await frames.next()?.text == "seen: ")
            }
        }
    }

    @Test("status --check: exit 1 where none runs, or one stands still")
    func check() async throws {
        try await withFolder { folder in
            let database = folder + "/db"
            try await withDevEngine { engine in
                _ = try await Program.run(consume(folder, engine.center)) {
                    try await engine.waitUntil { $0.nodes[0].consumers == 1 }
                    let living = try await Program.run("status", "--check", "--json", "--database", database)
                    #expect(living.code == 0)
                }
                let gone = try await Program.run("status", "--check", "--database", database)
                #expect(gone.code == 1)
                #expect(gone.errorLines == ["connmix-durable: no consumer runs on \(database)"])
                #expect(try await Program.run("status", "--check", "--watch", "--json").code == 64)
            }
        }
    }
}
