import FoundationEssentials

/// The rooms of a target, read from its text: which types each file declares, and which it names.
enum Room {
    /// The files that lie flat at the root.
    static let face = "(root)"

    static func name(of path: String) -> String {
        path.contains("/") ? String(path.prefix { $0 != "/" }) : face
    }

    struct Plan {
        /// The files that declare a type, by its name.
        private var declaring: [Substring: Set<String>] = [:]
        /// The names in a file that may be types of others.
        private var naming: [String: Set<Substring>] = [:]
        /// Files at the root that know only Ground and each other: values, which every room but Ground may name.
        private(set) var values: Set<String> = []

        var rooms: Set<String> { Set(naming.keys.map(Room.name)) }

        static func files(in folder: URL) throws -> [String: String] {
            let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
            return try Dictionary(
                uniqueKeysWithValues: paths.map {
                    ($0, String(decoding: try Data(contentsOf: folder.appendingPathComponent($0)), as: UTF8.self))
                })
        }

        init(of folder: URL) throws {
            self.init(files: try Self.files(in: folder))
        }

        init(files: [String: String]) {
            for (path, text) in files {
                let words = Self.words(text)
                var here: Set<Substring> = []
                for declaration in words.declared {
                    here.insert(declaration.name)
                    if declaration.isOuter { declaring[declaration.name, default: []].insert(path) }
                }
                naming[path] = words.named.subtracting(here)
            }
            values = Set(files.keys.filter { Room.name(of: $0) == Room.face })
            while true {
                let others = values.filter { file in
                    owners(of: file).contains { Room.name(of: $0.owner) != "Ground" && !values.contains($0.owner) }
                }
                if others.isEmpty { break }
                values.subtract(others)
            }
        }

        private func owners(of file: String) -> [(name: Substring, owner: String)] {
            (naming[file] ?? []).flatMap { name in (declaring[name] ?? []).map { (name, $0) } }
        }

        /// What names a type of a room that its own may not know, one line each.
        func leaks(known: [String: Set<String>]) -> [String] {
            naming.keys.flatMap { file -> [String] in
                let room = Room.name(of: file)
                return owners(of: file).compactMap { name, owner in
                    let other = Room.name(of: owner)
                    if other == room || known[room]?.contains(other) == true { return nil }
                    if values.contains(owner), room != "Ground" { return nil }
                    return "\(file) names \(name) of \(owner)"
                }
            }.sorted()
        }

        /// The names that a text declares as types, and those it has that could be types, comments and texts left out.
        private static func words(_ text: String) -> (declared: [(name: Substring, isOuter: Bool)], named: Set<Substring>) {
            let kinds: Set<Substring> = ["struct", "enum", "class", "protocol", "actor", "typealias"]
            var declared: [(Substring, Bool)] = []
            var named: Set<Substring> = []
            for line in text.split(separator: "\n") {
                let code = Self.code(line)
                let words = code.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                for (index, word) in words.enumerated() {
                    if kinds.contains(word), index + 1 < words.count, words[index + 1].first?.isUppercase == true {
                        // A private type is nobody else's.
                        let isOuter = code.first != " " && !words[..<index].contains { $0 == "private" || $0 == "fileprivate" }
                        declared.append((words[index + 1], isOuter))
                    }
                    if word.first?.isUppercase == true { named.insert(word) }
                }
            }
            return (declared, named)
        }

        /// A line without comment and texts. What is interpolated into a text is code.
        private static func code(_ line: Substring) -> String {
            var code = ""
            var isText = false
            // The open parentheses of each interpolation that the place is in.
            var depths: [Int] = []
            var last: Character = " "
            for character in line {
                switch (character, isText) {
                case ("\"", _) where last != "\\": isText.toggle()
                case ("(", true) where last == "\\":
                    depths.append(0)
                    isText = false
                case (")", false) where depths.last == 0:
                    depths.removeLast()
                    isText = true
                case ("/", false) where last == "/": return code
                case ("(", false), (")", false):
                    if let depth = depths.popLast() { depths.append(depth + (character == "(" ? 1 : -1)) }
                    code.append(character)
                case (_, false): code.append(character)
                case (_, true): break
                }
                last = character
            }
            return code
        }
    }
}
