import ArgumentParser
import ConnmixDurable

/// `connmix-durable database backup`
struct DatabaseBackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "A checked copy of the file, also beside a running consumer.",
        discussion: """
            Example:  connmix-durable database backup /backup/messages.sqlite3
            The copy has the name only once it is on disk and was found sound. Ctrl-C leaves nothing behind.
            """)

    @Argument(help: "The copy. Not a file that exists.")
    var target: String
    @Flag(help: "Replace the file where it exists.")
    var force = false
    @Option(
        help: ArgumentHelp(
            "Give up where the log grows by more: it cannot start over while a snapshot is held. Default: the file's size, 1G at least.",
            valueName: "bytes"))
    var logLimit: ByteCount?
    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let report = try WorkWatch.during {
            try options.maintenance.backup(to: target, replacing: force, logLimit: logLimit?.bytes, $0)
        }
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("path"); writer.string(report.path)
                    writer.key("bytes"); writer.integer(report.bytes)
                    writer.key("seconds"); writer.number(report.took / .seconds(1))
                    writer.key("log_held_seconds"); writer.number(report.held / .seconds(1))
                })
        } else {
            let took = Age.text(microseconds: Int64(report.took / .microseconds(1)))
            let held = Age.text(microseconds: Int64(report.held / .microseconds(1)))
            let text = "\(report.path): \(ByteText.text(report.bytes)), checked, in \(took); one snapshot was held for \(held)"
            try StandardOutput().write(text.escapedForTerminal + "\n")
        }
    }
}
