import FoundationEssentials
import Testing

/// `docs/reliability.md` lists, under each promise, the tests that carry its number. With `UPDATE_DOCS` in the environment the lists are written.
@Suite("promises and their tests")
struct PromiseTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let page = root.appendingPathComponent("docs/reliability.md")

    private struct Found {
        let promises: [Int]
        /// The test's name without the numbers.
        let words: String
        let path: String
    }

    private func text(_ path: URL) throws -> String {
        String(decoding: try Data(contentsOf: path), as: UTF8.self)
    }

    /// Of `P3`, `P1, P2` and `P1 to P5`.
    private func numbers(_ text: Substring?) -> [Int] {
        let ends = text?.split { !$0.isNumber }.compactMap { Int($0) } ?? []
        guard text?.contains(" to ") == true, let first = ends.first, let last = ends.last else { return ends }
        return Array(first...last)
    }

    /// Every `@Test("P1, P2: …")`, by file and place, and those without numbers whose `@Suite("P1, P2: …")` has them.
    private func tests() throws -> [Found] {
        let name = /@(Suite|Test)\(\s*(?:"(?:(P\d+(?:(?:, | to )P\d+)*)(?:, [^":]*)?: )?([^"]*)")?/
        return try FileManager.default.subpathsOfDirectory(atPath: Self.root.appendingPathComponent("Tests").path)
            .filter { $0.hasSuffix(".swift") && !$0.hasSuffix("/PromiseTests.swift") }.sorted()
            .flatMap { path in
                var suite: [Int] = []
                return try text(Self.root.appendingPathComponent("Tests/\(path)")).matches(of: name).compactMap {
                    match -> Found? in
                    let own = numbers(match.2)
                    if match.1 == "Suite" { suite = own }
                    guard match.1 == "Test", let words = match.3, !(own + suite).isEmpty else { return nil }
                    return Found(promises: own.isEmpty ? suite : own, words: String(words), path: "../Tests/\(path)")
                }
            }
    }

    private func list(_ promise: Int, _ tests: [Found]) -> String {
        let own = tests.filter { $0.promises.contains(promise) }
        let lines = own.map { test in
            let file = test.path.split(separator: "/").last.map { $0.dropLast(".swift".count) } ?? ""
            return "- \(test.words.replacing("|", with: "\\|").replacing("<", with: "&lt;")) ([\(file)](\(test.path)))\n"
        }
        return "<details><summary>\(own.count) tests</summary>\n\n\(lines.joined())\n</details>\n"
    }

    /// The page with its lists as they should be.
    private func page(_ kept: String, _ tests: [Found]) -> String {
        let mark = /<!-- tests of P(\d+) -->\n+(?:<details>(?s:.*?)<\/details>\n*)?/
        return kept.replacing(mark) { match in
            "<!-- tests of P\(match.1) -->\n\n\(list(Int(match.1) ?? 0, tests))\n"
        }.trimmingEnd() + "\n"
    }

    @Test("each promise has tests, and the page names them all")
    func page() throws {
        let tests = try tests()
        for promise in 1...12 {
            #expect(tests.contains { $0.promises.contains(promise) }, "no test carries P\(promise)")
        }
        let kept = try text(Self.page)
        for promise in 1...12 {
            #expect(kept.contains("<!-- tests of P\(promise) -->"), "docs/reliability.md has no list for P\(promise)")
        }
        let wanted = page(kept, tests)
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] != nil { try Data(wanted.utf8).write(to: Self.page) }
        let isSame = try text(Self.page) == wanted
        #expect(isSame, "docs/reliability.md is not what the tests are; run make docs")
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        String(self[..<(lastIndex { !$0.isNewline }.map(index(after:)) ?? startIndex)])
    }
}
