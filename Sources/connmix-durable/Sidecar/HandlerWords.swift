import ArgumentParser

/// The words behind `--exec` or `--worker`, where everything belongs to the handler: also what was meant for us.
struct HandlerWords {
    /// The program and its arguments.
    let command: [String]

    /// - Parameters:
    ///   - words: as they stand behind `option`. A `--` before them says that all of them are the handler's; a later one is its own.
    ///   - ours: the names of our options, each with its dashes.
    /// - Throws: `ValidationError` where one of ours is among them without a `--` before it.
    init(_ words: [String], of option: String, ours: Set<String>) throws {
        guard words.first != "--" else {
            command = Array(words.dropFirst())
            return
        }
        command = words
        for word in words.prefix(while: { $0 != "--" }).dropFirst() {
            let name = String(word.prefix { $0 != "=" })
            guard ours.contains(name) else { continue }
            throw ValidationError(
                """
                \(name) stands behind \(option), where everything is the handler's: for us write it before, \
                consume \(name) ... \(option) \(words[0]) ...; for the handler write \
                consume ... \(option) -- \(words[0]) ... \(name)
                """)
        }
    }

    /// For people, as it may be written again.
    static func text(_ option: String, _ command: [String]) -> String {
        ([option] + command).joined(separator: " ").boundedForPeople(500)
    }
}

extension ParsableCommand {
    /// The long names of the command's options, as its help has them.
    static var optionNames: Set<String> {
        let lines = helpMessage(columns: 1_000).split(separator: "\n").filter { $0.hasPrefix("  -") }
        let words = lines.flatMap { $0.split(whereSeparator: { " ,/".contains($0) }).prefix(2) }
        return Set(words.filter { $0.hasPrefix("--") }.map(String.init))
    }
}
