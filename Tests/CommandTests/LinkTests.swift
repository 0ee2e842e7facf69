import Foundation
import Testing
import TestSupport

@Suite("links in documents")
struct LinkTests {
    @Test("every link within the repository leads somewhere, anchors included; the others have the form of one")
    func links() throws {
        let pages = try MarkdownPage.all()
        let byPath = Dictionary(uniqueKeysWithValues: pages.map { ($0.path, $0) })
        var (dead, count): ([String], Int) = ([], 0)
        for page in pages {
            for link in page.links {
                count += 1
                if let problem = problem(link.target, in: page, byPath) {
                    dead.append("\(page.path):\(link.line): \(link.target): \(problem)")
                }
            }
        }
        #expect(dead == [])
        #expect(count > 100, "hardly any was found")
    }

    private func problem(_ target: String, in page: MarkdownPage, _ pages: [String: MarkdownPage]) -> String? {
        // Of the documentation's own: docc checks those.
        if target.hasPrefix("doc:") { return nil }
        if let scheme = target.firstMatch(of: /^([a-z]+):/) {
            guard ["http", "https", "mailto"].contains(scheme.1) else { return "what is \(scheme.1)?" }
            return target.wholeMatch(of: /https?:\/\/[\w.\-]+\.[a-z]{2,}(:\d+)?(\/\S*)?|mailto:\S+@\S+/) == nil
                ? "no address" : nil
        }
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var file = page.path
        if !parts[0].isEmpty {
            guard !parts[0].hasPrefix("/") else { return "leads out of the repository" }
            let folder = page.path.split(separator: "/").dropLast().map(String.init)
            var steps = folder
            for step in (parts[0].removingPercentEncoding ?? parts[0]).split(separator: "/") {
                switch step {
                case ".": break
                case "..":
                    guard steps.popLast() != nil else { return "leads out of the repository" }
                default: steps.append(String(step))
                }
            }
            file = steps.joined(separator: "/")
            guard FileManager.default.fileExists(atPath: MarkdownPage.root.appendingPathComponent(file).path) else {
                return "no such file"
            }
        }
        guard parts.count == 2 else { return nil }
        guard let aim = pages[file] else { return "an anchor in what is no page" }
        return aim.anchors.contains(parts[1]) ? nil : "no such heading"
    }

    @Test(
        "a dead link is found",
        arguments: [
            ("[a](none.md)", true), ("[a](README.md)", false), ("[a](README.md#no-such-heading)", true), ("[a](#here)", false),
            ("[a](#there)", true), ("![a](docs/none.svg)", true), ("[a](../outside.md)", true),
            ("[a](https://sqlite.org/wal.html)", false),
            ("[a](https://sqlite)", true), ("[a](ftp://x.org)", true), ("<img src=\"none.png\">", true),
            ("`[a](none.md)`", false),
            ("```text\n[a](none.md)\n```", false),
        ])
    func finds(text: String, isDead: Bool) throws {
        let page = MarkdownPage(path: "page.md", text: "# Here\n\n" + text)
        let pages = ["page.md": page, "README.md": try MarkdownPage("README.md")]
        #expect(page.links.contains { problem($0.target, in: page, pages) != nil } == isDead)
    }
}
