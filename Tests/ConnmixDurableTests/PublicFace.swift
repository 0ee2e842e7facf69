/// The public declarations of a source file, read from its text.
struct PublicFace {
    struct Declaration: Equatable {
        /// Counted from 1.
        let line: Int
        /// The line's code, without what stands behind its first brace.
        let text: String
        /// Whether a `///` stands directly before it, attributes apart. Of several names behind one `case`, `let` or `var` only one
        /// can have it.
        let hasComment: Bool
    }

    private(set) var declarations: [Declaration] = []

    /// What counts as public in a pair of braces, beside what says so.
    private enum Scope {
        case plain
        /// Of a public enum: its cases.
        case cases
        /// Of a public protocol: all of it.
        case requirements
        /// Of a public extension: what says nothing less.
        case members
    }

    private let lines: [Substring]
    private var scopes: [Scope] = []
    /// The scope that the next brace opens.
    private var next = Scope.plain
    private var isPublicHere: Bool { scopes.last == .requirements || scopes.last == .members }

    init(of text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var depth = 0
        // Where a declaration began whose attributes and modifiers have lines of their own.
        var begun: (line: Int, head: String)?
        for (index, code) in SourceCode(text).lines.enumerated() {
            var part = ""
            var isFirst = true
            var partDepth = depth
            func look(_ face: inout PublicFace) {
                defer { (part, isFirst, partDepth) = ("", false, depth) }
                guard partDepth == 0 || begun != nil, part.contains(where: { $0 != " " }) else { return }
                let start = begun?.line ?? index
                let whole = (begun?.head ?? "") + part
                begun = nil
                switch Words(whole).kind {
                case .unfinished: begun = (start, whole + " ")
                case .declaration(let words): face.found(words, whole, line: start, mayHaveComment: isFirst || start < index)
                case .other: break
                }
            }
            for character in code {
                switch character {
                case "{":
                    look(&self)
                    scopes.append(next)
                    next = .plain
                case "}":
                    look(&self)
                    scopes.removeLast(scopes.isEmpty ? 0 : 1)
                    next = .plain
                case ";": look(&self)
                case "(", "[":
                    depth += 1
                    part.append(character)
                case ")", "]":
                    depth -= 1
                    part.append(character)
                default: part.append(character)
                }
            }
            look(&self)
        }
    }

    private mutating func found(_ words: Words.Declaration, _ text: String, line: Int, mayHaveComment: Bool) {
        let isPublic: Bool =
            switch words.access {
            case "public", "open": true
            case nil: isPublicHere || words.keyword == "case" && scopes.last == .cases
            case _?: false
            }
        next =
            switch words.keyword {
            case "enum" where isPublic: .cases
            case "protocol" where isPublic: .requirements
            case "extension" where isPublic: .members
            default: .plain
            }
        guard isPublic, words.keyword != "extension", words.keyword != "import" else { return }
        let shown = text.split(separator: " ").joined(separator: " ")
        let isCommented = mayHaveComment && isCommented(line)
        for place in 0..<words.names {
            declarations.append(Declaration(line: line + 1, text: shown, hasComment: isCommented && place == 0))
        }
    }

    private func isCommented(_ line: Int) -> Bool {
        for line in lines[..<line].reversed() {
            let text = line.drop { $0 == " " }
            guard text.hasPrefix("///") else { return false }
            // An empty line of a comment says nothing yet.
            if text.contains(where: { $0 != "/" && $0 != " " }) { return true }
        }
        return false
    }
}

/// The beginning of a piece of code: attributes, modifiers, and the word that says what is declared.
private struct Words {
    struct Declaration {
        var access: Substring?
        var keyword: Substring
        /// How many things it declares: `case a, b` two.
        var names = 1
    }

    enum Kind {
        case declaration(Declaration)
        /// Attributes and modifiers alone: the rest is in the next line.
        case unfinished
        case other
    }

    private static let accesses: Set<Substring> = ["public", "open", "package", "internal", "fileprivate", "private"]
    private static let modifiers: Set<Substring> = [
        "static", "final", "indirect", "lazy", "weak", "unowned", "override", "required", "convenience", "dynamic", "optional",
        "mutating", "nonmutating", "borrowing", "consuming", "nonisolated", "isolated", "distributed", "prefix", "postfix",
        "infix",
    ]
    private static let keywords: Set<Substring> = [
        "let", "var", "func", "init", "subscript", "case", "struct", "enum", "class", "actor", "protocol", "extension",
        "typealias", "associatedtype", "operator", "precedencegroup", "macro", "import",
    ]

    let kind: Kind

    init(_ code: String) {
        var rest = code[...]
        var access: Substring?
        while true {
            rest = rest.drop { $0 == " " }
            guard let first = rest.first else {
                kind = .unfinished
                return
            }
            let isAttribute = first == "@"
            if isAttribute { rest = rest.dropFirst() }
            let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || isAttribute && $0 == "." }
            rest = rest.dropFirst(word.count)
            let isOfClass = word == "class" && Self.keywords.contains(Self.word(after: rest))
            let isAccess = Self.accesses.contains(word)
            guard isAttribute || isAccess || isOfClass || Self.modifiers.contains(word) else {
                guard Self.keywords.contains(word) else {
                    kind = .other
                    return
                }
                let lists = ["case", "let", "var"].contains(word)
                kind = .declaration(Declaration(access: access, keyword: word, names: lists ? Self.names(rest) : 1))
                return
            }
            // `private(set)` says nothing about reading, and an attribute's arguments nothing at all.
            let hasArguments = rest.first == "("
            if hasArguments, !Self.skipParentheses(&rest) {
                kind = .unfinished
                return
            }
            if isAccess, !hasArguments { access = word }
        }
    }

    private static func word(after rest: Substring) -> Substring {
        rest.drop { $0 == " " }.prefix { $0.isLetter }
    }

    /// - Returns: whether they are closed.
    private static func skipParentheses(_ rest: inout Substring) -> Bool {
        var depth = 0
        while let character = rest.popFirst() {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth == 0 { return true }
        }
        return false
    }

    /// One more than there are commas outside brackets of any kind.
    private static func names(_ rest: Substring) -> Int {
        var depth = 0
        var last: Character = " "
        var names = 1
        for character in rest {
            switch character {
            case "(", "[", "<": depth += 1
            case ")", "]": depth -= 1
            case ">" where last != "-": depth -= 1
            case "," where depth == 0: names += 1
            default: break
            }
            last = character
        }
        return names
    }
}

/// A source's lines without comments and without what stands in texts, interpolations included: what is left in braces is code.
private struct SourceCode {
    private(set) var lines: [String] = [""]
    private var rest: Substring

    init(_ text: String) {
        rest = text[...]
        while !rest.isEmpty { step(isKept: true) }
    }

    private mutating func step(isKept: Bool) {
        switch rest.first {
        case "/" where rest.hasPrefix("//"): rest = rest.drop { $0 != "\n" }
        case "/" where rest.hasPrefix("/*"): skipComment()
        case "\"": skipText(hashes: 0)
        case "#":
            let hashes = rest.prefix { $0 == "#" }.count
            if rest.dropFirst(hashes).first == "\"" { skipText(hashes: hashes) } else { rest = rest.dropFirst(hashes) }
        case "\n"?: skipCharacter()
        case let character?:
            if isKept { lines[lines.count - 1].append(character) }
            rest = rest.dropFirst()
        case nil: break
        }
    }

    private mutating func skipComment() {
        var depth = 0
        repeat {
            if rest.hasPrefix("/*") {
                depth += 1
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("*/") {
                depth -= 1
                rest = rest.dropFirst(2)
            } else if rest.popFirst() == "\n" {
                lines.append("")
            }
        } while depth > 0 && !rest.isEmpty
    }

    private mutating func skipText(hashes count: Int) {
        let hashes = String(repeating: "#", count: count)
        rest = rest.dropFirst(count)
        let quotes = rest.hasPrefix("\"\"\"") ? "\"\"\"" : "\""
        rest = rest.dropFirst(quotes.count)
        while !rest.isEmpty, !rest.hasPrefix(quotes + hashes) {
            if rest.hasPrefix("\\" + hashes + "(") {
                rest = rest.dropFirst(count + 2)
                skipInterpolation()
            } else if rest.hasPrefix("\\" + hashes) {
                rest = rest.dropFirst(count + 1)
                skipCharacter()
            } else {
                skipCharacter()
            }
        }
        rest = rest.dropFirst(quotes.count + count)
    }

    private mutating func skipCharacter() {
        if rest.popFirst() == "\n" { lines.append("") }
    }

    private mutating func skipInterpolation() {
        var depth = 1
        while depth > 0, let character = rest.first {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            step(isKept: false)
        }
    }
}
