import FoundationEssentials
import Subprocess
import Testing

@Suite("documents made from the commands' definitions")
struct DocumentsTests {
    private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs")
    private static let begin = "<!-- made by make docs: begin -->\n"
    private static let end = "<!-- made by make docs: end -->\n"

    private func documents() async throws -> CommandDocuments {
        let outcome = try await Program.run("--experimental-dump-help")
        return CommandDocuments(root: try JSONDecoder().decode(CommandDump.self, from: Data(outcome.output.utf8)).command)
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: Self.docs.appendingPathComponent(name)), as: UTF8.self)
    }

    /// Compares a document with what it should be. With `UPDATE_DOCS` in the environment, as `make docs` sets it, it is written.
    private func expect(_ name: String, _ wanted: String) throws {
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil {
            try Data(wanted.utf8).write(to: Self.docs.appendingPathComponent(name))
        }
        let isSame = try text(name) == wanted
        #expect(isSame, "docs/\(name) is not what the commands say; run make docs")
    }

    @Test("docs/cli.md has every command as it is")
    func reference() async throws {
        let kept = try text("cli.md")
        let parts = kept.components(separatedBy: [Self.begin, Self.end])
        try #require(parts.count == 3, "docs/cli.md lacks its marks")
        try expect("cli.md", parts[0] + Self.begin + "\n" + (try await documents().reference) + Self.end + parts[2])
    }

    @Test("the manual page has every command as it is, and man can show it")
    func manual() async throws {
        let exits = try text("cli.md").matches(of: /\n\| (\d+) \| (.*?) \|/).map { (code: String($0.1), words: String($0.2)) }
        #expect(exits.count >= 10)
        let version = try await Program.run("--version").lines.first ?? ""
        try expect("connmix-durable.1", try await documents().manual(version: version, exitCodes: exits))
    }

    @Test("every command has an example in its help")
    func examples() async throws {
        for command in try await documents().root.leaves {
            #expect(
                command.discussion?.contains(
                    "connmix-durable \(command.path.split(separator: " ").dropFirst().joined(separator: " "))") == true,
                "\(command.path)")
        }
    }

    @Test("completions for three shells", arguments: ["bash", "zsh", "fish"])
    func completions(shell: String) async throws {
        let outcome = try await Program.run("--generate-completion-script", shell)
        #expect(outcome.code == 0 && outcome.errors.isEmpty)
        #expect(outcome.output.contains("vacuum"))
    }
}

extension String {
    /// The parts between the separators, which come in this order.
    fileprivate func components(separatedBy separators: [String]) -> [String] {
        var (parts, rest): ([String], Substring) = ([], self[...])
        for separator in separators {
            guard let found = rest.firstRange(of: separator) else { break }
            parts.append(String(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return parts + [String(rest)]
    }
}
