import FoundationEssentials

/// The definitions of all commands, as ArgumentParser tells them with `--experimental-dump-help`.
struct CommandDump: Decodable {
    let command: Command

    struct Command: Decodable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let superCommands: [String]?
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// With the commands above it.
        var path: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

        /// Those that do something, in the order of the help: who has arguments does, also above others.
        var leaves: [Command] {
            let below = (subcommands ?? []).filter { $0.commandName != "help" }
            guard !below.isEmpty else { return [self] }
            return (shownArguments.isEmpty ? [] : [self]) + below.flatMap(\.leaves)
        }

        var shownArguments: [Argument] {
            (arguments ?? []).filter { $0.shouldDisplay && !["help", "version"].contains($0.valueName) }
        }

        var usage: String {
            ([path] + shownArguments.filter { $0.kind == "positional" }.map(\.synopsis)
                + (shownArguments.contains { $0.kind != "positional" } ? ["[options]"] : [])).joined(separator: " ")
        }
    }

    struct Argument: Decodable {
        let abstract: String?
        let defaultValue: String?
        let isOptional: Bool
        let isRepeating: Bool
        let kind: String
        let names: [Name]?
        let sectionTitle: String?
        let shouldDisplay: Bool
        let valueName: String?
        let parsingStrategy: String?

        var synopsis: String {
            let value = "<\(valueName ?? "value")>"
            let more = isRepeating ? "..." : ""
            switch kind {
            case "positional": return isOptional ? "[\(value)]\(more)" : "\(value)\(more)"
            case "flag": return flags
            default: return "\(flags) \(value)\(isRepeating && parsingStrategy != "default" ? "..." : "")"
            }
        }

        private var flags: String {
            (names ?? []).map { ($0.kind == "long" ? "--" : "-") + $0.name }.joined(separator: ", ")
        }

        /// What it does, with its default where the words do not name it.
        var words: String {
            let words = abstract ?? ""
            guard let defaultValue, !defaultValue.isEmpty, kind == "option", !isRepeating, !words.contains("Default") else {
                return words
            }
            return "\(words) Default: \(defaultValue)."
        }
    }

    struct Name: Decodable {
        let kind: String
        let name: String
    }
}
