import FoundationEssentials
import Testing

/// What the documents show is what is built here: every block of Swift in README, docs, the DocC articles and the documentation of the
/// public types is a slice of this folder's files, to the letter.
///
/// A slice stands between `// snippet.NAME` and `// snippet.end`; `// snippet.hide` and `// snippet.show` leave lines out.
@Suite("documents and snippets")
struct DriftTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func lines(_ path: String) throws -> [Substring] {
        let text = String(decoding: try Data(contentsOf: Self.root.appendingPathComponent(path)), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private func files(_ folder: String, _ end: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: Self.root.appendingPathComponent(folder).path)
            .filter { $0.hasSuffix(end) }.map { "\(folder)/\($0)" }
    }

    private func trimmed(_ line: Substring) -> Substring {
        line.drop { $0 == " " }
    }

    /// Without the indent that all lines share.
    private func outdented(_ lines: [Substring]) -> [Substring] {
        let indent = lines.filter { !trimmed($0).isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { $0.dropFirst(indent) }
    }

    private func text(_ lines: [Substring]) -> String {
        var lines = lines[...]
        while lines.first?.isEmpty == true { lines.removeFirst() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    /// The slices of the snippets by name.
    private func slices() throws -> [String: String] {
        var slices: [String: String] = [:]
        for file in try files("Tests/SnippetTests", ".swift") where !file.hasSuffix("/DriftTests.swift") {
            var name: String?
            var isShown = true
            var shown: [Substring] = []
            var part: [Substring] = []
            for line in try lines(file) {
                let mark = trimmed(line)
                guard mark.hasPrefix("// snippet.") else {
                    if name != nil, isShown { part.append(line) }
                    continue
                }
                shown += outdented(part)
                part = []
                switch mark.dropFirst("// snippet.".count) {
                case "hide": isShown = false
                case "show": isShown = true
                case "end":
                    let ended = try #require(name, "\(file) ends a snippet that has not begun")
                    #expect(slices.updateValue(text(shown), forKey: ended) == nil, "\(ended) is there twice")
                    name = nil
                    shown = []
                case let next:
                    #expect(name == nil, "\(file): \(next) begins inside another snippet")
                    name = String(next)
                    isShown = true
                }
            }
            #expect(name == nil, "\(file) does not end \(name ?? "")")
        }
        return slices
    }

    /// The blocks of Swift of a document, or of a source file's documentation.
    private func blocks(_ file: String) throws -> [String] {
        var blocks: [String] = []
        var block: [Substring]?
        for line in try lines(file) {
            var line = line
            if file.hasSuffix(".swift") {
                line = trimmed(line)
                guard line.hasPrefix("///") else { continue }
                line = line.dropFirst(line.hasPrefix("/// ") ? 4 : 3)
            }
            switch (block, trimmed(line)) {
            case (nil, "```swift"): block = []
            case (let lines?, "```"):
                blocks.append(text(outdented(lines)))
                block = nil
            case (let lines?, _): block = lines + [line]
            case (nil, _): break
            }
        }
        return blocks
    }

    @Test("every block of Swift that a document shows is a snippet, and every snippet is shown")
    func drift() throws {
        let slices = try slices()
        #expect(!slices.isEmpty)
        var unseen = Set(slices.values)
        let documents =
            try ["README.md"] + files("docs", ".md") + files("Sources/ConnmixDurable", ".swift")
            + files("Sources", ".md")
        for file in documents {
            // The dependency's lines belong into another package's manifest.
            for block in try blocks(file) where !block.hasPrefix(".package(") {
                let isBuilt = slices.values.contains(block)
                #expect(isBuilt, "\(file) shows what no snippet builds:\n\(block)")
                unseen.remove(block)
            }
        }
        #expect(slices.filter { unseen.contains($0.value) }.keys.sorted() == [], "no document shows these")
    }
}
