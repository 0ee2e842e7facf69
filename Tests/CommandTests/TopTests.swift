import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage
import Testing

@testable import ConnmixDurable
@testable import connmix_durable

@Suite("top on a terminal of its own", .timeLimit(.minutes(1)))
struct TopTests {
    /// Runs the program on a pseudo-terminal, waits for a mark in what it draws, does something, and waits for its end.
    private static let terminal = """
        import fcntl, json, os, pty, signal, struct, sys, termios
        mark, action, columns, program = sys.argv[1].encode(), sys.argv[2], int(sys.argv[3]), sys.argv[4:]
        pid, fd = pty.fork()
        if pid == 0:
            sys.stdin.readline()
            os.execve(program[0], program, dict(os.environ, NO_COLOR="1", TERM="xterm"))
        size = lambda columns: fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        size(columns)
        os.write(fd, b"\\n")
        drawn = b""
        def read():
            global drawn
            try: more = os.read(fd, 65536)
            except OSError: more = b""
            drawn += more
            return more
        def until(mark):
            while mark not in drawn and read(): pass
        before = termios.tcgetattr(fd)[:4]
        until(mark)
        during = termios.tcgetattr(fd)[:4]
        if action == "shrink":
            size(60)
            until(b"here are 60 and 24")
            os.write(fd, b"q")
        elif action == "vanish":
            os.rename(program[-1], program[-1] + ".away")
            until(b"cannot look: ")
            os.rename(program[-1] + ".away", program[-1])
            drawn = b""
            until(b"stopped in order")
            os.write(fd, b"q")
        elif action == "hangup": os.close(fd)
        elif action.startswith("kill"): os.kill(pid, int(action[4:]))
        else: os.write(fd, action.encode())
        after = None
        if action != "hangup":
            until(b"\\x1b[?1049l")
            _, status = os.waitpid(pid, 0)
            after = termios.tcgetattr(fd)[:4]
        else:
            _, status = os.waitpid(pid, 0)
        print(json.dumps({
            "ended": os.WIFEXITED(status), "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1,
            "was_raw": before != during, "restored": before == after, "left": b"\\x1b[?1049l" in drawn and b"\\x1b[?25h" in drawn,
        }))
        """

    @Test(
        "the terminal is given back on every way out",
        arguments: [("q", 80, 0), ("\u{3}", 200, 130), ("kill15", 80, 130), ("shrink", 80, 0), ("vanish", 80, 0)])
    func ways(action: String, columns: Int, code: Double) async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            let end = try await run(action, columns, path)
            #expect(end["ended"] == .bool(true))
            #expect(end["code"] == .number(code))
            #expect(end["was_raw"] == .bool(true))
            #expect(end["restored"] == .bool(true))
            #expect(end["left"] == .bool(true))
        }
    }

    @Test("a terminal that goes away ends it")
    func hangUp() async throws {
        try await withDatabase(texts: ["hello"], handler: answerEnd) { path in
            let end = try await run("hangup", 80, path)
            #expect(end["ended"] == .bool(true))
        }
    }

    @Test("arrows, enter and r retry one message, d the rest of its cause, both asked for, recorded and told of")
    func acts() async throws {
        try await withDatabase(texts: ["bad", "bad", "good", "bad"], handler: answerEnd) { path in
            let outcome = try await Program.onTerminal(
                ["top", "--database", path], noColour: true,
                typing: [
                    .init(after: "no good", keys: "\r"), .init(after: "CLIENT", keys: "\u{1B}[B"), .init(after: "> ", keys: "r"),
                    .init(after: "Retry entry 2? y/n", keys: "y"), .init(after: "actions undo 1", keys: "\u{1B}"),
                    .init(after: "2 messages", keys: "d"), .init(after: "Discard 2 entries of cause ", keys: "n"),
                    .init(after: "nothing was changed", keys: "d"), .init(after: "Discard 2 entries of cause ", keys: "y"),
                    .init(after: "actions undo 2", keys: "q"),
                ])
            #expect(outcome.code == 0)
            #expect(outcome.output.hasSuffix("\u{1B}[?1049l"))
            #expect(!outcome.output.contains("\u{1B}[31m"))
            let inspector = try Inspector(database: path)
            let actions = try inspector.actions()
            #expect(actions.map(\.verb) == ["discard", "retry"])
            #expect(actions.map(\.reason) == ["from top", "from top"])
            #expect(try inspector.entryStates([1, 2, 4]) == [1: .discarded, 2: .pending, 4: .discarded])
        }
    }

    @Test("an action that cannot begin says that nothing was changed, and why")
    func gone() async throws {
        try await withDatabase(texts: ["bad"], handler: answerEnd) { path in
            let desk = try TopDesk(database: path)
            rename(path, path + ".away")
            let order = TopOrder(verb: .retry, target: .row(.init(ledger: .journal, id: 1)))
            desk.act(TopSelection(order: order, ids: [1], isCut: false))
            try await eventually("the action's end") { !desk.isActing }
            guard case .ended(.failure(let stop))? = desk.take().last else {
                Issue.record("it did not fail")
                return
            }
            #expect(stop.text.hasPrefix("nothing was changed: "))
            #expect(stop.text.contains(path))
            // The same of a read: a line, and no end.
            desk.read(.look, after: nil)
            try await eventually("the read's end") { desk.reading == nil }
            guard case .answered(.look, .failed(let reason, isGone: false), _)? = desk.take().last else {
                Issue.record("it did not fail")
                return
            }
            #expect(reason.contains(path))
        }
    }

    @Test("whoever stops an action is told how to go on")
    func stopped() async throws {
        try await withDatabase(texts: (0..<600).map { _ in "bad" }, handler: answerEnd) { path in
            let desk = try TopDesk(database: path)
            let order = TopOrder(verb: .discard, target: .row(.init(ledger: .journal, id: 1)))
            // It cannot begin before it is stopped.
            try SharedStore(path: path).write(.records) { _ in
                desk.act(TopSelection(order: order, ids: Array(1...600), isCut: false))
                desk.stop()
            }
            try await eventually("the action's end") { !desk.isActing }
            guard case .ended(.failure(let stop))? = desk.take().last else {
                Issue.record("it did not stop")
                return
            }
            #expect(
                stop.text == "action 1 stopped after 500 of 600 entries; go on with: connmix-durable journal discard --resume 1")
        }
    }

    private func run(_ action: String, _ columns: Int, _ path: String) async throws -> [String: JSON] {
        let result = try await Subprocess.run(
            .name("python3"),
            arguments: ["-c", Self.terminal, "q quit", action, "\(columns)", Program.path.string, "top", "--database", path],
            output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        #expect(result.standardError.isEmpty, "\(result.standardError)")
        return try JSONDecoder().decode([String: JSON].self, from: Data(result.standardOutput.utf8))
    }
}
