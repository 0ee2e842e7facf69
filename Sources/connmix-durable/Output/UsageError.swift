import ArgumentParser

/// What to say of a command line that cannot be meant: what is wrong, what may stand there, what may have been meant, and whose help to
/// read. Made of what ArgumentParser says in several lines.
struct UsageError {
    private let message: String
    /// The line of the help about the option.
    private let help: String?
    /// The command and its subcommands, by their names.
    private let path: [String]
    private let arguments: [String]

    /// - Parameter arguments: of the process, without its name.
    init(_ error: any Error, arguments: [String]) {
        message = ConnmixDurableCommand.message(for: error)
        let lines = ConnmixDurableCommand.fullMessage(for: error).split(separator: "\n").map(String.init)
        help = lines.first { $0.hasPrefix("Help:  ") }
        let see = lines.last { $0.hasPrefix("  See '") }?.dropFirst(7).prefix { $0 != "'" }
        path = see.map { $0.split(separator: " ").map(String.init).filter { !$0.hasPrefix("-") } } ?? ["connmix-durable"]
        self.arguments = arguments
    }

    var text: String { "\(what); see \(path.joined(separator: " ")) --help" }

    private var what: String {
        // ArgumentParser asks the command whether it is content before it looks at what it did not understand.
        if let unknown = unknownOption {
            let near = NearestWord.of(unknown, among: options).map { "; did you mean \($0)?" } ?? ""
            return "there is no option \(unknown)\(near)"
        }
        if let (option, value) = valueWithDash {
            return
                "\(option) is \(value.boundedForPeople(80).escapedForTerminal), and it must not be negative; what has to begin with - is given as \(option)=-…"
        }
        if message.hasPrefix("Unexpected argument") || message.contains(" unexpected arguments: "), !subcommands.isEmpty,
            let word = quoted.first
        {
            let near = NearestWord.of(word, among: subcommands).map { "; did you mean \($0)?" } ?? ""
            return "there is no command \((path.dropFirst() + [word]).joined(separator: " "))\(near)"
        }
        let first = message.split(separator: "\n").first.map(String.init) ?? message
        guard let help, message.hasPrefix("The value '"), let value = quoted.first else {
            return message.split(separator: "\n").joined(separator: " ")
        }
        let sentence = first.split(separator: ". Please provide").first.map(String.init) ?? first
        return sentence + forms(help).map { ": \($0)" }.joined() + nearValue(value)
    }

    /// What may stand there, in the words of the help.
    private func forms(_ help: String) -> [String] {
        let parts = help.dropFirst(7).split(separator: "  ").map { $0.drop { $0 == " " } }
        guard parts.count > 1, let last = parts.last else { return [] }
        let text = last.split(separator: " (values: ").first ?? last
        return [text.hasSuffix(".") ? String(text.dropLast()) : String(text)]
    }

    /// Of an option that knows its words: `ded` and `done,ded` were meant to be `dead`.
    private func nearValue(_ value: String) -> String {
        let listed = message.split(separator: "\n").filter { $0.hasPrefix("  - ") }.map { String($0.dropFirst(4)) }
        let words = listed + quoted.dropFirst(2)
        let wrong = value.split(separator: ",").map(String.init).first { !words.contains($0) } ?? value
        return NearestWord.of(wrong, among: words).map { "; did you mean \($0)?" } ?? ""
    }

    /// What stands between quotes in the message.
    private var quoted: [String] {
        message.split(separator: "'", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }.map {
            String($0.element)
        }
    }

    /// An option whose value begins with a dash and a digit: ArgumentParser takes it for another option, and says that there is no value.
    private var valueWithDash: (option: String, value: String)? {
        guard message.hasPrefix("Missing value for '"), let option = quoted.first?.split(separator: " ").first.map(String.init)
        else { return nil }
        let values = zip(arguments, arguments.dropFirst()).filter { $0.0 == option }.map(\.1)
        guard let value = values.first(where: { $0.first == "-" && $0.dropFirst().first?.isNumber == true }) else { return nil }
        return (option, value)
    }

    private var command: any ParsableCommand.Type {
        var command: any ParsableCommand.Type = ConnmixDurableCommand.self
        for name in path.dropFirst() {
            command = command.configuration.subcommands.first { $0.configuration.commandName == name } ?? command
        }
        return command
    }

    private var subcommands: [String] { command.configuration.subcommands.compactMap { $0.configuration.commandName } }

    /// The long options of the command, as its help lists them.
    private var options: [String] {
        ConnmixDurableCommand.helpMessage(for: command).split(separator: "\n").flatMap { line -> [String] in
            guard line.hasPrefix("  -") else { return [] }
            return line.split { " ,/".contains($0) }.filter { $0.hasPrefix("--") }.map(String.init)
        }
    }

    private var unknownOption: String? {
        let known = Set(options)
        guard !known.isEmpty else { return nil }
        let given = arguments.prefix { $0 != "--" && $0 != "--exec" && $0 != "--worker" }.enumerated().filter { place, word in
            word.hasPrefix("--") && word.utf8.count > 2
        }.map { String($0.element.prefix { $0 != "=" }) }
        return given.first { !known.contains($0) }
    }
}
