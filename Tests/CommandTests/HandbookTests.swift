import FoundationEssentials
import Testing
import TestSupport

@testable import connmix_durable

/// What the handbook and the READMEs list is what the code has.
@Suite("the handbook")
struct HandbookTests {
    private static let page = "docs/operations.md"

    /// The first cells of the table under a heading, each code span of them.
    private func firstCells(under heading: String) throws -> [String] {
        let text = try MarkdownPage.text(Self.page)
        let start = try #require(text.firstRange(of: "\n## \(heading)\n"))
        let section = text[start.upperBound...].prefix(
            upTo: text[start.upperBound...].firstRange(of: "\n## ")?.lowerBound ?? text.endIndex)
        return section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
            .compactMap { $0.firstMatch(of: /^\| (.*?) \|/).map { String($0.1) } }
    }

    @Test("it has every exit code, and so has docs/cli.md")
    func exitCodes() throws {
        let codes = Set(try firstCells(under: "Exit codes").compactMap { Int32($0) })
        #expect(codes == Set(Exit.allCases.map(\.rawValue)))
        let reference = Set(try MarkdownPage.text("docs/cli.md").matches(of: #/\n\| (\d+) \|/#).compactMap { Int32($0.1) })
        #expect(codes == reference)
    }

    @Test("it has every line that is logged, and no other")
    func logLines() throws {
        let listed = Set(try firstCells(under: "Log lines").flatMap { $0.matches(of: /`([^`]+)`/).map { String($0.1) } })
        var logged: Set<String> = []
        for path in try MarkdownPage.paths(in: "Sources/ConnmixDurable", ending: ".swift")
            + MarkdownPage.paths(in: "Sources/connmix-durable", ending: ".swift")
        {
            let text = try MarkdownPage.text(path)
            let code = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("//") }.joined(separator: "\n")
            for call in code.matches(of: /logger\.(?:info|notice|warning|error|critical)\(\s*"([^"]+)"/) {
                logged.insert(String(call.1))
            }
            if path.hasSuffix("/LaunchGate.swift") {
                for call in code.matches(of: /tell\(\s*"([^"]+)"/) { logged.insert(String(call.1)) }
            }
            if path.hasSuffix("/LineLogHandler.swift") {
                for call in code.matches(of: /line\(\.warning, "([^"]+)"/) { logged.insert(String(call.1)) }
            }
            if path.hasSuffix("/LogKey.swift") {
                let events = code[(try #require(code.firstRange(of: "switch event"))).upperBound...]
                for literal in events.split(separator: "\n").flatMap({ $0.matches(of: /"([^"]*)"/) }) {
                    // Facts are interpolated.
                    if !literal.1.contains("\\"), !["", "all"].contains(literal.1) { logged.insert(String(literal.1)) }
                }
            }
        }
        #expect(logged.subtracting(listed).sorted() == [], "the handbook lacks these")
        #expect(listed.subtracting(logged).sorted() == [], "nothing logs these")
        #expect(logged.count > 30)
    }

    @Test("metrics that it names are served")
    func metrics() throws {
        let known = try MarkdownPage.text("docs/observing.md")
        for name in try MarkdownPage.text(Self.page).matches(of: /connmix_[a-z_]+/) {
            #expect(known.contains("`\(name.0)`"), "\(name.0)")
        }
    }

    @Test("figures of the README are those of docs/performance.md", arguments: ["README.md", "README.zh-CN.md"])
    func figures(readme: String) throws {
        let performance = try MarkdownPage.text("docs/performance.md")
        let text = try MarkdownPage.text(readme)
        let rows = text.matches(of: /\n\| [^|\n]+ \| ([\d.,]+) ?(?:messages\/s|\/s|us|MiB|条\/秒) \|/).map { String($0.1) }
        #expect(rows.count == 5)
        for figure in rows { #expect(performance.contains(figure), "\(figure)") }
    }

    @Test(
        "both languages show the same blocks, and lead to the same places",
        arguments: [("README.md", "README.zh-CN.md"), ("docs/moving-from-php.md", "docs/moving-from-php.zh.md")])
    func languages(english: String, chinese: String) throws {
        let (one, other) = (try MarkdownPage(english), try MarkdownPage(chinese))
        #expect(one.blocks.map(\.text) == other.blocks.map(\.text))
        #expect(one.blocks.map(\.language) == other.blocks.map(\.language))
        func targets(_ page: MarkdownPage) -> Set<String> {
            Set(
                page.links.map(\.target).filter {
                    !$0.contains(".zh") && !$0.hasPrefix("README") && !$0.hasSuffix("moving-from-php.md")
                })
        }
        let (leads, alsoLeads) = (targets(one), targets(other))
        #expect(leads.symmetricDifference(alsoLeads).filter { !$0.hasSuffix("walk.svg") }.sorted() == [])
    }

    @Test("the README fits on its page")
    func length() throws {
        #expect(try MarkdownPage.text("README.md").split(separator: "\n", omittingEmptySubsequences: false).count <= 200)
    }
}
