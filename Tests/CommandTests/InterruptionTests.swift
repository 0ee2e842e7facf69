import ConnmixDurable
import FoundationEssentials
import Subprocess
import SystemPackage
import Testing

@Suite("signals", .timeLimit(.minutes(1)))
struct InterruptionTests {
    private func withDeadEntry<T>(_ body: (String) async throws -> T) async throws -> T {
        try await withDatabase(texts: ["order 1"], handler: failForThreeCauses, body)
    }

    /// An editor that goes on when it gets a SIGINT, and says that it waits for one.
    private func editor(beside path: String) throws -> String {
        try script(
            URL(fileURLWithPath: path).deletingLastPathComponent().path,
            """
            import os, signal, sys, time
            def go_on(*_):
                old = open(sys.argv[1]).read()
                open(sys.argv[1], "w").write(old.replace("order", "ORDER"))
                os._exit(0)
            assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
            assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])
            signal.signal(signal.SIGINT, go_on)
            open("\(path).editing", "w").write(sys.argv[1])
            print("editing", flush=True)
            while True: time.sleep(60)
            """)
    }

    private let replay = ["journal", "replay", "--id", "1", "--edit", "--yes"]

    @Test("Ctrl-C at the terminal is the editor's while it is there")
    func editing() async throws {
        try await withDeadEntry { path in
            let outcome = try await Program.onTerminal(
                replay + ["--database", path], typing: [.init(after: "editing", keys: "\u{3}")],
                environment: ["EDITOR": "python3 \(try editor(beside: path))"])
            #expect(outcome.code == 0, "\(outcome.output)")
            #expect(outcome.output.contains("1 of 1 entry replayed"))
        }
    }

    @Test("SIGTERM ends the editor too, changes nothing and leaves no payload behind")
    func terminated() async throws {
        try await withDeadEntry { path in
            let wrapper = ["env", "EDITOR=python3 \(try editor(beside: path))"]
            let outcome = try await Program.run(replay + ["--database", path], under: wrapper) {
                try await eventually("it edits") { FileManager.default.fileExists(atPath: path + ".editing") }
            }
            #expect(outcome.code == 130, "\(outcome.errors)")
            let payload = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path + ".editing")), as: UTF8.self)
            #expect(!payload.isEmpty && !FileManager.default.fileExists(atPath: payload))
            #expect(try JournalOperator(database: path).actions().isEmpty)
        }
    }

    @Test("work that cannot look at the first signal ends with the second")
    func second() async throws {
        try await withDeadEntry { path in
            let fifo = path + ".lines"
            _ = try await Subprocess.run(.name("mkfifo"), arguments: [fifo], output: .discarded)
            let result = try await Subprocess.run(
                .path(Program.path), arguments: ["journal", "import", fifo, "--yes", "--database", path], input: .none,
                output: .discarded, error: .discarded
            ) { execution in
                // Opens once the program reads: it has begun to listen to signals then.
                let lines = try FileDescriptor.open(fifo, .writeOnly)
                defer { try? lines.close() }
                try execution.send(signal: .interrupt)
                try await eventually("the first is heard") {
                    try await Task.sleep(for: .milliseconds(20))
                    try? execution.send(signal: .interrupt)
                    return try Self.hasEnded(execution.processIdentifier.value)
                }
            }
            #expect(result.terminationStatus == .signaled(2))
        }
    }

    /// A process that was not waited for yet is a zombie.
    private static func hasEnded(_ process: Int32) throws -> Bool {
        guard let facts = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/stat")) else { return true }
        return String(decoding: facts, as: UTF8.self).contains(") Z ")
    }
}
