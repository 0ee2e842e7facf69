/// What is made of the commands' definitions: the reference in `docs/cli.md`, and the manual page.
struct CommandDocuments {
    let root: CommandDump.Command

    // MARK: Markdown

    var reference: String {
        var text = ""
        for command in root.leaves {
            text += "### `\(command.path)`\n\n\(command.abstract ?? "")\n\n```text\n\(command.usage)\n```\n"
            if let discussion = command.discussion { text += "\n```text\n\(discussion)\n```\n" }
            let arguments = command.shownArguments
            if !arguments.isEmpty {
                text += "\n| argument | what |\n|---|---|\n"
                for argument in arguments {
                    text += "| `\(Self.cell(argument.synopsis))` | \(Self.cell(argument.words)) |\n"
                }
            }
            text += "\n"
        }
        return text
    }

    private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

    // MARK: Manual page

    /// In the man(7) language.
    func manual(version: String, exitCodes: [(code: String, words: String)]) -> String {
        var page = """
            .\\" Made from the commands' definitions by make docs.
            .TH CONNMIX\\-DURABLE 1 "" "connmix\\-durable \(version)" "User Commands"
            .SH NAME
            connmix\\-durable \\- \(Self.escaped(root.abstract ?? ""))
            .SH SYNOPSIS
            .B connmix\\-durable
            .I command
            .RI [ options ]
            .SH DESCRIPTION

            """
        page += Self.paragraphs(root.discussion)
        page += ".SH COMMANDS\n"
        for command in root.leaves {
            page += ".SS \"\(Self.escaped(command.usage.replacing("\(root.commandName) ", with: "")))\"\n"
            page += Self.escaped(command.abstract ?? "") + "\n"
            page += Self.paragraphs(command.discussion)
            for argument in command.shownArguments {
                page += ".TP\n.B \(Self.escaped(argument.synopsis))\n\(Self.escaped(argument.words))\n"
            }
        }
        page += ".SH EXIT STATUS\n"
        for exit in exitCodes { page += ".TP\n.B \(exit.code)\n\(Self.escaped(exit.words))\n" }
        page += """
            .SH ENVIRONMENT
            .TP
            .B CONNMIX_DURABLE_DATABASE
            The database where \\-\\-database is not given.
            .TP
            .B CONNMIX_CENTER
            The center where \\-\\-center is not given.
            .TP
            .B NO_COLOR
            No colours, where it is set and not empty.
            .SH FILES
            .TP
            .I X.sqlite3, X.sqlite3\\-wal, X.sqlite3\\-shm, X.sqlite3.lock
            The database, its log, its shared memory, and its locks. Copy them with database backup only.

            """
        return page
    }

    private static func paragraphs(_ text: String?) -> String {
        guard let text else { return "" }
        return ".PP\n.nf\n"
            + text.split(separator: "\n", omittingEmptySubsequences: false).map { escaped(String($0)) }
            .joined(separator: "\n") + "\n.fi\n"
    }

    /// Nothing in it is taken for a request or an escape.
    private static func escaped(_ text: String) -> String {
        let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("\"", with: "\\(dq")
        return plain.hasPrefix(".") || plain.hasPrefix("'") ? "\\&" + plain : plain
    }
}
