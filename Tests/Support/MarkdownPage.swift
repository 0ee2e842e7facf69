public import Foundation

/// A Markdown file of the repository, or the documentation comments of a source file: what tests look at in it.
public struct MarkdownPage: Sendable {
    /// A fenced block of code.
    public struct Block: Sendable {
        /// What stands behind the fence; empty where nothing does.
        public let language: String
        /// Without the indent that all lines share, and without empty lines at both ends.
        public let text: String
        /// Of its first line, from 1.
        public let line: Int
    }

    /// A link or an image.
    public struct Link: Sendable {
        public let target: String
        public let line: Int
    }

    /// The repository.
    public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// From the repository's root.
    public let path: String
    public private(set) var blocks: [Block] = []
    public private(set) var links: [Link] = []
    /// What `#…` may name, as GitHub makes it of headings.
    public private(set) var anchors: Set<String> = []

    /// All Markdown files, of a folder where one is given.
    public static func all(in folder: String = "") throws -> [MarkdownPage] {
        try paths(in: folder, ending: ".md").map { try MarkdownPage($0) }
    }

    /// Files of the repository that are not made by a build.
    public static func paths(in folder: String, ending end: String) throws -> [String] {
        let start = folder.isEmpty ? root : root.appendingPathComponent(folder)
        var paths: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: start.path)
        where !name.hasPrefix(".build") && name != ".git" {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder) else {
                continue
            }
            if isFolder.boolValue {
                paths += try Self.paths(in: path, ending: end)
            } else if name.hasSuffix(end) {
                paths.append(path)
            }
        }
        return paths.sorted()
    }

    public static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appendingPathComponent(path)), as: UTF8.self)
    }

    public init(_ path: String) throws {
        self.init(path: path, text: try Self.text(path))
    }

    /// - Parameter path: where it ends with `.swift`, only lines that begin with `///` count.
    public init(path: String, text: String) {
        self.path = path
        var open: (fence: Substring, language: String, lines: [Substring], line: Int)?
        for (number, whole) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = whole
            if path.hasSuffix(".swift") {
                line = line.drop { $0 == " " }
                guard line.hasPrefix("///") else { continue }
                line = line.dropFirst(line.hasPrefix("/// ") ? 4 : 3)
            }
            let inner = line.drop { $0 == " " }
            let fence = inner.prefix { $0 == "`" }
            if let block = open {
                if fence.count >= block.fence.count, fence.count == inner.count {
                    blocks.append(
                        Block(language: block.language, text: Self.text(of: Self.outdented(block.lines)), line: block.line))
                    open = nil
                } else {
                    open?.lines.append(line)
                }
            } else if fence.count >= 3 {
                open = (fence, inner.dropFirst(fence.count).filter { $0 != " " }, [], number + 2)
            } else {
                note(line, number + 1)
            }
        }
    }

    private mutating func note(_ line: Substring, _ number: Int) {
        if line.hasPrefix("#"), let title = line.firstMatch(of: /^#{1,6} +(.*?)\s*#*$/) {
            let anchor = Self.anchor(String(title.1))
            var (unique, count) = (anchor, 0)
            while !anchors.insert(unique).inserted {
                count += 1
                unique = "\(anchor)-\(count)"
            }
        }
        // Links in code are none.
        let plain = line.replacing(/`[^`]*`/, with: "``")
        for link in plain.matches(of: /\]\(([^()\s]+(?:\([^()\s]*\))?)\)/) {
            links.append(Link(target: String(link.1), line: number))
        }
        for link in plain.matches(of: /(?:src|href)="([^"]*)"/) { links.append(Link(target: String(link.1), line: number)) }
    }

    private static func anchor(_ title: String) -> String {
        let plain = title.replacing(/\[([^\]]*)\]\([^)]*\)/, with: { String($0.1) })
        return plain.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.replacing(" ", with: "-")
    }

    /// The lines without the indent that all of them share.
    public static func outdented(_ lines: [Substring]) -> [Substring] {
        let indent = lines.filter { $0.contains { $0 != " " } }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
        return lines.map { $0.dropFirst(indent) }
    }

    /// Without empty lines at both ends.
    public static func text(of lines: [Substring]) -> String {
        var lines = lines[...]
        while lines.first?.isEmpty == true { lines.removeFirst() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    /// Whether some lines of `file` that follow one another are the block, whatever their common indent.
    public static func holds(_ block: String, in file: String) -> Bool {
        let wanted = block.split(separator: "\n", omittingEmptySubsequences: false)
        let lines = file.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = wanted.first, lines.count >= wanted.count else { return false }
        return (0...lines.count - wanted.count).contains { start in
            lines[start].hasSuffix(first) && text(of: outdented(Array(lines[start..<start + wanted.count]))) == block
        }
    }
}
