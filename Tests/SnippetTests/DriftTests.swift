import Testing
import TestSupport

/// What the documents show is what is built here: every block of Swift in a document or in the documentation of the public types
/// is a slice of the files of this folder or of Examples, to the letter.
///
/// A slice stands between `// snippet.NAME` and `// snippet.end`; `// snippet.hide` and `// snippet.show` leave lines out.
@Suite("documents and snippets")
struct DriftTests {
    private func lines(_ path: String) throws -> [Substring] {
        try MarkdownPage.text(path).split(separator: "\n", omittingEmptySubsequences: false)
    }

    private func trimmed(_ line: Substring) -> Substring {
        line.drop { $0 == " " }
    }

    /// The slices of the snippets by name.
    private func slices() throws -> [String: String] {
        var slices: [String: String] = [:]
        let files = try ["Tests/SnippetTests", "Examples"].flatMap { try MarkdownPage.paths(in: $0, ending: ".swift") }
        for file in files where !file.hasSuffix("/DriftTests.swift") {
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
                shown += MarkdownPage.outdented(part)
                part = []
                switch mark.dropFirst("// snippet.".count) {
                case "hide": isShown = false
                case "show": isShown = true
                case "end":
                    let ended = try #require(name, "\(file) ends a snippet that has not begun")
                    let slice = MarkdownPage.text(of: shown)
                    #expect(slices.updateValue(slice, forKey: ended) == nil, "\(ended) is there twice")
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

    @Test("every block of Swift that a document shows is a snippet, and every snippet is shown")
    func drift() throws {
        let slices = try slices()
        #expect(!slices.isEmpty)
        var unseen = Set(slices.values)
        let documents = try MarkdownPage.all() + MarkdownPage.paths(in: "Sources", ending: ".swift").map { try MarkdownPage($0) }
        for page in documents {
            // The dependency's lines belong into another package's manifest.
            for block in page.blocks where block.language == "swift" && !block.text.hasPrefix(".package(") {
                let isBuilt = slices.values.contains(block.text)
                #expect(isBuilt, "\(page.path):\(block.line) shows what no snippet builds:\n\(block.text)")
                unseen.remove(block.text)
            }
        }
        #expect(slices.filter { unseen.contains($0.value) }.keys.sorted() == [], "no document shows these")
    }
}
