import ArgumentParser
import ConnmixDurable
import Foundation
import Testing
import TestSupport

@testable import connmix_durable

/// Every block of code that a document shows is built, run, parsed or compared with what is; Swift by `DriftTests`.
@Suite("code in documents", .timeLimit(.minutes(1)))
struct CodeBlockTests {
    /// What documents may call beside the program and what the repository has.
    private static let tools: Set<String> = [
        "apt", "apt-get", "bash", "cat", "cd", "chmod", "chown", "cp", "curl", "df", "dirname", "dpkg", "docker", "echo",
        "editor", "export",
        "git", "grep",
        "groupadd", "head", "install", "jq", "journalctl", "kill", "litestream", "ln", "ls", "man", "mkdir", "mv", "podman",
        "promtool", "rm",
        "rsync", "scp", "sha256sum", "sort", "sqlite3", "ssh", "stat", "systemctl", "systemd-analyze", "systemd-run", "tail",
        "tar",
        "test", "timeout", "touch", "uname", "usermod", "wc", "xargs",
    ]

    @Test("each block has a kind, and is what its kind asks for")
    func blocks() async throws {
        var problems: [String] = []
        var counts: [String: Int] = [:]
        var scripts: [String] = []
        for page in try MarkdownPage.all() {
            for block in page.blocks {
                counts[block.language, default: 0] += 1
                if block.language == "sh" { scripts.append(block.text) }
                if let problem = try await problem(block) { problems.append("\(page.path):\(block.line): \(problem)") }
            }
        }
        #expect(problems == [])
        #expect(try syntax(of: scripts) == "")
        for kind in ["sh", "php", "swift", "json", "lua", "sql", "text"] {
            #expect(counts[kind, default: 0] > 0, "no document shows \(kind)")
        }
    }

    private func problem(_ block: MarkdownPage.Block) async throws -> String? {
        switch block.language {
        case "text", "swift": nil
        case "sh": shell(block.text)
        case "php": try slice(block.text, of: "Examples", ending: ".php")
        case "js": try slice(block.text, of: "Examples", ending: ".mjs")
        case "python": try slice(block.text, of: "Examples", ending: ".py")
        case "lua": try lua(block.text)
        case "json": json(block.text)
        case "sql": try await statements(block.text)
        case "yaml": try yaml(block.text)
        case "ini": lines(block.text, /\[[\w ]+\]|[\w.\-]+ ?=.*|[#;].*/)
        case "dockerfile":
            lines(
                block.text.replacing(/\\\n\s*/, with: ""),
                /(ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|RUN|STOPSIGNAL|USER|VOLUME|WORKDIR) .+|#.*/)
        case "": "a block without a kind; what is no code is text"
        case let kind: "a block of \(kind), which nothing builds or runs"
        }
    }

    // MARK: what a kind asks for

    private func slice(_ text: String, of folder: String, ending end: String) throws -> String? {
        for path in try MarkdownPage.paths(in: folder, ending: end) where !path.hasSuffix(".md") && !path.hasPrefix("Tests/") {
            guard let data = FileManager.default.contents(atPath: MarkdownPage.root.appendingPathComponent(path).path),
                data.count < 1 << 20, let file = String(data: data, encoding: .utf8)
            else { continue }
            if MarkdownPage.holds(text, in: file) { return nil }
        }
        return "no file of \(folder.isEmpty ? "the repository" : folder) has these lines:\n\(text)"
    }

    /// Compiled, not run: where Lua is not installed only what a file of the examples has is known to be well.
    private func lua(_ text: String) throws -> String? {
        if try slice(text, of: "Examples", ending: ".lua") == nil { return nil }
        let compile = #"printf %s "$1" | lua5.4 -e 'assert(load(io.read("a")))'"#
        let outcome = try run("bash", ["-c", compile, "bash", text])
        return outcome.code == 0 || outcome.code == 127 ? nil : outcome.output
    }

    /// Read by Python's module where that is installed, and otherwise by its lines.
    private func yaml(_ text: String) throws -> String? {
        let outcome = try run("python3", ["-c", "import sys, yaml; list(yaml.safe_load_all(sys.argv[1]))", text])
        if outcome.code == 0 { return nil }
        guard outcome.output.contains("No module named 'yaml'") else { return outcome.output }
        return lines(text, /\s*(- )*([\w.\-"'\/]+:( .*)?|[^:\t]+)|\s*#.*|---/)
    }

    /// Whether each line that is not empty has the form.
    private func lines<Output>(_ text: String, _ form: Regex<Output>) -> String? {
        text.split(separator: "\n").first { $0.wholeMatch(of: form) == nil }.map { "what is \($0)?" }
    }

    private func json(_ text: String) -> String? {
        func isJSON(_ text: String) -> Bool { (try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil }
        return isJSON(text) || text.split(separator: "\n").allSatisfy { isJSON(String($0)) } ? nil : "no JSON"
    }

    /// Runs it on a database as the consumer makes it.
    private func statements(_ text: String) async throws -> String? {
        let database = try TrialDatabase()
        let outcome = try run(
            "python3",
            ["-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])", database.path, text])
        return outcome.code == 0 ? nil : "SQLite: \(outcome.output)"
    }

    /// What bash says of scripts that it only reads.
    private func syntax(of scripts: [String]) throws -> String {
        try run("bash", ["-c", "for script; do bash -n -c \"$script\" || echo \"$script\"; done", "bash"] + scripts).output
    }

    private func shell(_ text: String) -> String? {
        for command in ShellWords(Self.unprompted(text)).commands {
            if let problem = problem(command[...]) { return "\(command.joined(separator: " ")): \(problem)" }
        }
        return nil
    }

    /// Without the prompts that say on which host it is.
    private static func unprompted(_ text: String) -> String {
        text.split(separator: "\n").map { $0.replacing(/^[a-z][a-z0-9\-]*\$\x20/, with: "") }.joined(separator: "\n")
    }

    private func problem(_ command: ArraySlice<String>) -> String? {
        // Variables that are set for it, and what only changes how it runs.
        let words = Array(command.drop { $0.wholeMatch(of: /[A-Z_]+=.*|sudo|nohup|exec|time/) != nil })
        guard let name = words.first else { return nil }
        switch name {
        case "connmix-durable": return usage(Array(words.dropFirst()))
        case "make": return target(Array(words.dropFirst()))
        case "swift": return package(Array(words.dropFirst()))
        case "php", "python3", "node":
            return words.dropFirst().first { $0.hasPrefix("Examples/") }.flatMap { exists($0) ? nil : "no such file" }
        default:
            if Self.tools.contains(name) { return nil }
            let places = ["", "docs/", "Benchmarks/"].map { $0 + (name.hasPrefix("./") ? String(name.dropFirst(2)) : name) }
            return places.contains(where: exists) ? nil : "what is \(name)?"
        }
    }

    private func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: MarkdownPage.root.appendingPathComponent(path).path)
    }

    /// Parsed by the program's own parser. `…` stands for options that the reader knows.
    private func usage(_ arguments: [String]) -> String? {
        do {
            var given = arguments.filter { !["…", "..."].contains($0) }
            if given.count < arguments.count, given.first == "consume" {
                given.insert(contentsOf: ["--topic", "x"], at: 1)
                if !given.contains(where: ["--echo", "--exec", "--worker"].contains) { given.append("--echo") }
            }
            _ = try ConnmixDurableCommand.parseAsRoot(given)
            return nil
        } catch {
            let words = ConnmixDurableCommand.fullMessage(for: error)
            // Help and version are no errors, and a reader has a terminal.
            let isFine = ConnmixDurableCommand.exitCode(for: error).isSuccess || words.contains("on a terminal and this is none")
            return isFine ? nil : words
        }
    }

    private func target(_ arguments: [String]) -> String? {
        var (folder, targets): (String, [String]) = ("", [])
        var words = arguments[...]
        while let word = words.popFirst() {
            if word == "-C" { folder = (words.popFirst() ?? "") + "/" } else if !word.contains("=") { targets.append(word) }
        }
        guard let makefile = try? MarkdownPage.text(folder + "Makefile") else { return "no Makefile in \(folder)" }
        return targets.first { target in !makefile.split(separator: "\n").contains { $0.hasPrefix("\(target):") } }.map {
            "no target \($0)"
        }
    }

    private func package(_ arguments: [String]) -> String? {
        guard let verb = arguments.first, ["build", "run", "test", "package", "format"].contains(verb) else {
            return "no command of swift"
        }
        var words = arguments.dropFirst()
        if words.first == "-c" { words = words.dropFirst(2) }
        guard verb == "run", let name = words.first(where: { !$0.hasPrefix("-") }) else { return nil }
        let manifest = (try? MarkdownPage.text("Package.swift")) ?? ""
        return manifest.contains("name: \"\(name)\"") ? nil : "no target \(name)"
    }

    private func run(_ program: String, _ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let words = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, words)
    }

    // MARK: that it can fail

    @Test(
        "what is wrong is found",
        arguments: [
            ("sh", "connmix-durable status --databse x", "databse"), ("sh", "connmix-durable jornal list", "jornal"),
            ("sh", "connmix-durable journal retry --cause 86940adb | head \\\n  --lines 3", nil),
            ("sh", "make runn", "no target"), ("sh", "frobnicate --all", "what is frobnicate"),
            ("sh", "swift run nothing", "no target"), ("sh", "swift run -c release nothing", "no target nothing"),
            ("sh", "A=1 sudo connmix-durable doctor > /tmp/x 2>&1 # well", nil),
            ("sh", "connmix-durable consume … --listen 127.0.0.1:1 --echo", nil),
            ("json", "{\"a\": 1", "no JSON"), ("json", "{\"a\": 1}\n{\"b\": 2}", nil), ("php", "echo 'nowhere';", "no file"),
            ("sh", "host-1$ connmix-durable status", nil),
            ("ini", "[Service]\nUser=orders\n# a comment", nil), ("ini", "User orders", "what is User orders"),
            ("yaml", "a: [1, 2]\nb:\n  - c: 1", nil),
            ("dockerfile", "FROM a\nRUN b \\\n  c", nil), ("dockerfile", "RUNN b", "what is RUNN"),

            ("sql", "SELECT count(*) FROM journal", nil), ("sql", "SELECT * FROM jornal", "no such table"),
            ("", "x", "without a kind"),
            ("cobol", "x", "cobol"), ("text", "anything", nil),
        ] as [(String, String, String?)])
    func finds(language: String, text: String, says: String?) async throws {
        let page = MarkdownPage(path: "x.md", text: "```\(language)\n\(text)\n```\n")
        let found = try await problem(try #require(page.blocks.first))
        if let says { #expect(found?.contains(says) == true, "\(found ?? "nothing")") } else { #expect(found == nil) }
    }

    @Test("what bash cannot read is found")
    func findsSyntax() throws {
        #expect(try syntax(of: ["ls", "for x in 1 2; do echo $x; done"]) == "")
        #expect(try syntax(of: ["ls", "echo \"half"]).contains("unexpected EOF"))
    }

    @Test("what Lua cannot compile is found", .enabled(if: ChatExamplesTests.isInstalled("lua5.4"), "Lua is not installed"))
    func findsLua() throws {
        #expect(try lua("local a = 1\nreturn a") == nil)
        #expect(try lua("local a =")?.contains("unexpected symbol") == true)
    }

    @Test("examples in the help of commands are commands")
    func helpExamples() async throws {
        let outcome = try await Program.run("--experimental-dump-help")
        let root = try JSONDecoder().decode(CommandDump.self, from: Data(outcome.output.utf8)).command
        var count = 0
        for command in root.leaves {
            for line in (command.discussion ?? "").split(separator: "\n") {
                guard let example = line.firstRange(of: "connmix-durable "), line[..<example.lowerBound].allSatisfy({ $0 == " " })
                else {
                    continue
                }
                count += 1
                #expect(shell(String(line[example.lowerBound...])) == nil, "\(command.path): \(line)")
            }
        }
        #expect(count > 20)
    }
}
