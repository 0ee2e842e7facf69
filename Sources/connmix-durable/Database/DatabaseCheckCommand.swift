import ArgumentParser
import ConnmixDurable

/// `connmix-durable database check`
struct DatabaseCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Whether the file is sound: SQLite's structures, and what the tables say of each other.",
        discussion: """
            Example:  connmix-durable database check --database orders.sqlite3
            Works beside a running consumer, a table at a time; a large file is better checked as a backup.
            Exit code 1 where something is wrong.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let report = try WorkWatch.during { try options.maintenance.check($0) }
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("ok"); writer.bool(report.problems.isEmpty)
                    writer.key("checks"); writer.integer(report.checks)
                    writer.key("problems"); writer.array(report.problems) { $0.string($1) }
                    writer.key("notes"); writer.array(report.notes) { $0.string($1) }
                })
        } else {
            let terminal = Terminal.output
            let lines =
                report.problems.map { terminal.paint("problem", .red) + "  " + $0.escapedForTerminal }
                + report.notes.map { terminal.paint("note", .yellow) + "     " + $0.escapedForTerminal }
                + (report.problems.isEmpty ? [terminal.paint("ok", .green) + "       \(report.checks) checks"] : [])
            try StandardOutput().write(lines.joined(separator: "\n") + "\n")
        }
        guard report.problems.isEmpty else {
            throw Failure(
                .failed,
                "\(options.database) is not sound (\(report.problems.count) problems); restore a backup, and keep this file")
        }
    }
}
