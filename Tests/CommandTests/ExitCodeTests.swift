import ConnmixDevEngine
import FoundationEssentials
import Testing
import TestSupport

@Suite("exit codes, each with one line", .timeLimit(.minutes(1)))
struct ExitCodeTests {
    private func expect(
        _ arguments: [String], code: Int32, saying part: String, location: SourceLocation = #_sourceLocation
    ) async throws {
        let outcome = try await Program.run(all: arguments)
        #expect(outcome.code == code, sourceLocation: location)
        #expect(outcome.output.isEmpty, sourceLocation: location)
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)", sourceLocation: location)
        #expect(outcome.errors.hasPrefix("connmix-durable: "), sourceLocation: location)
        #expect(outcome.errors.contains(part), "\(outcome.errors)", sourceLocation: location)
    }

    @Test("64: usage")
    func usage() async throws {
        try await expect(["status", "--colour"], code: 64, saying: "--colour")
        try await expect(["consume", "--echo"], code: 64, saying: "no topic")
        try await expect(["consume", "--topic", "chat"], code: 64, saying: "no handler")
        try await expect(["consume", "--topic", "chat", "--echo", "--exec", "cat"], code: 64, saying: "several handlers")
        try await expect(["consume", "--topic", "chat", "--exec", "/no/such"], code: 64, saying: "/no/such")
        try await expect(["consume", "--topic", "chat", "--echo", "--concurrency", "0"], code: 64, saying: "--concurrency is 0")
        try await expect(["journal", "list", "--state", "lost"], code: 64, saying: "lost")
    }

    @Test(
        "64: settings that contradict each other, or are none",
        arguments: [
            ("--lane none --dead-head park", "--dead-head"), ("--lane none --lane-order strict", "--lane-order"),
            ("--lane a..b", "a..b"), ("--lane-order loose", "loose"), ("--dead-head kill", "kill"),
            ("--dedupe-window 5", "--dedupe"), ("--dedupe a --dedupe-window 0", "--dedupe-window is 0 s"),
            ("--retention-age soon", "soon"), ("--retention-size 5X", "5X"),
            ("--retention-size 5", "--retention-size is 5; it may be 0"),
            ("--retry-base 5 --retry-cap 1", "--retry-cap"), ("--retry-cap 0.05", "--retry-base"),
            ("--backoff-base 5 --backoff-cap 1", "--backoff-cap"), ("--retry-base 0", "--retry-base is 0 s"),
            ("--timeout 0", "--timeout"),
            ("--backoff-base 0", "--backoff-base is 0 s"), ("--max-attempts 0", "--max-attempts is 0"),
            ("--lane-window 65", "--lane-window is 65"), ("--at-risk-limit 1", "--at-risk-limit is 1;"),
        ])
    func settings(flags: String, part: String) async throws {
        try await withFolder { folder in
            try await expect(
                ["consume", "--topic", "chat", "--database", "\(folder)/db", "--echo"]
                    + flags.split(separator: " ").map(String.init),
                code: 64, saying: part)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/db"))
        }
    }

    @Test("66, 65 and 73: databases that are none")
    func databases() async throws {
        try await withFolder { folder in
            try await expect(["status", "--database", "\(folder)/none"], code: 66, saying: "\(folder)/none")
            try await expect(["status", "--database", folder], code: 65, saying: "not a file")
            try await expect(["consume", "--topic", "a", "--echo", "--database", folder], code: 65, saying: "not a file")
            #expect(!FileManager.default.fileExists(atPath: folder + ".lock"))
            try Data("this is no database, and longer than a header of 100 bytes is long".utf8)
                .write(to: URL(fileURLWithPath: "\(folder)/text"))
            try await expect(["status", "--database", "\(folder)/text"], code: 65, saying: "database")
            let unknown = ["consume", "--topic", "a", "--echo", "--database", "\(folder)/no/such/folder"]
            try await expect(unknown, code: 73, saying: "folder")
        }
    }

    @Test("65: a database of another program, or of a newer version", arguments: [68, 60])
    func foreign(offset: Int) async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            // The header's application id, and its user version (https://sqlite.org/fileformat.html).
            bytes[offset..<offset + 4] = [0, 0, 0, 99]
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            try await expect(["status", "--database", path], code: 65, saying: offset == 68 ? "another program" : "newer")
        }
    }

    @Test("65: a damaged file is named, and what looks at it")
    func damaged() async throws {
        try await withDatabase(texts: [], handler: answerEnd) { path in
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
            for place in 100..<4_096 { bytes[place] = 0xFF }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            for verb in [["status"], ["journal", "retry", "--all", "--yes"]] {
                try await expect(
                    verb + ["--database", path], code: 65,
                    saying: "the file \(path) is damaged; connmix-durable database check says how")
            }
            let check = try await Program.run("database", "check", "--database", path)
            #expect(check.code != 0 && !check.errors.contains("says how"), "\(check.errors)")
        }
    }

    @Test("73: a port in use")
    func portInUse() async throws {
        try await withDevEngine { engine in
            let port = String(engine.center.split(separator: ":")[1])
            try await expect(
                ["engine", "--center-port", port, "--api-port", "0", "--chat-port", "0"], code: 73, saying: port)
        }
    }
}
