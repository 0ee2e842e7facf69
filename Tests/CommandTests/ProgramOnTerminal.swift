import FoundationEssentials
import Subprocess
import SystemPackage

extension Program {
    /// What a person at the terminal does: waits for a text, then types.
    struct Typing: Encodable {
        var after: String
        var keys: String
    }

    private struct Script: Encodable {
        var columns: Int
        var typing: [Typing]
    }

    /// A pseudo-terminal of Python's, in which the program runs.
    private static let python = #"""
        import fcntl, json, os, pty, signal, struct, sys, termios
        script = json.loads(sys.argv[1])
        signal.alarm(50)
        process, terminal = pty.fork()
        if process == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, script["columns"], 0, 0))
            os.execv(sys.argv[2], sys.argv[2:])
        seen = b""
        place = 0
        while True:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            seen += data
            while script["typing"]:
                wanted = script["typing"][0]["after"].encode()
                found = seen.find(wanted, place)
                if found < 0:
                    break
                place = found + len(wanted)
                os.write(terminal, script["typing"].pop(0)["keys"].encode())
        status = os.waitpid(process, 0)[1]
        sys.stdout.buffer.write(seen)
        sys.stdout.buffer.flush()
        sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 200 + os.WTERMSIG(status))
        """#

    /// Runs the program in a terminal; output and errors arrive together.
    ///
    /// - Returns: with 200 and the signal's number as the code where a signal ended it.
    static func onTerminal(
        _ arguments: [String], columns: Int = 80, noColour: Bool = false, typing: [Typing] = [],
        environment: [Environment.Key: String?] = [:]
    ) async throws -> Outcome {
        let script = String(decoding: try JSONEncoder().encode(Script(columns: columns, typing: typing)), as: UTF8.self)
        let result = try await Subprocess.run(
            .name("python3"), arguments: Arguments(["-c", python, script, path.string] + arguments),
            environment: .inherit.updating(["TERM": "xterm-256color", "NO_COLOR": noColour ? "1" : nil]).updating(environment),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        return Outcome(
            result.terminationStatus, result.standardOutput.replacing("\r\n", with: "\n"), result.standardError)
    }
}
