/// The simple commands of a block of shell, without running anything: enough of the grammar for what documents show.
struct ShellWords {
    /// The words of each command, redirections left out.
    private(set) var commands: [[String]] = []
    private var words: [String] = []
    private var word: String?
    private var skipsNext = false

    init(_ text: String) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\\":
                if let next = rest.popFirst(), next != "\n" { word = (word ?? "") + String(next) }
            case "'":
                word = (word ?? "") + rest.prefix { $0 != "'" }
                rest = rest.drop { $0 != "'" }.dropFirst()
            case "\"":
                word = word ?? ""
                while let next = rest.popFirst(), next != "\"" {
                    if next == "\\", let escaped = rest.popFirst() { word?.append(escaped) } else { word?.append(next) }
                }
            case "#" where word == nil: rest = rest.drop { $0 != "\n" }
            case " ", "\t": endWord()
            case "\n", ";", "|", "(", ")": endCommand()
            case "&":
                // `2>&1` is a redirection.
                if word?.hasSuffix(">") == true { word?.append("&") } else { endCommand() }
            case ">", "<":
                if rest.first == ">" || rest.first == "<" { rest.removeFirst() }
                if word?.allSatisfy(\.isNumber) == true { word = nil }
                endWord()
                if rest.first == "&" {
                    rest = rest.dropFirst().drop { $0.isNumber }
                } else {
                    skipsNext = true
                }
            default: word = (word ?? "") + String(character)
            }
        }
        endCommand()
    }

    private mutating func endWord() {
        guard let ended = word else { return }
        word = nil
        if skipsNext { skipsNext = false } else { words.append(ended) }
    }

    private mutating func endCommand() {
        endWord()
        skipsNext = false
        if !words.isEmpty { commands.append(words) }
        words = []
    }
}
