import ArgumentParser
import ConnmixDurable

/// `connmix-durable database adopt`
struct DatabaseAdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Lets a backup take the place of a file that was lost, on this machine or another.",
        discussion: """
            Examples:
              connmix-durable database adopt /backup/orders.sqlite3 --database /var/lib/connmix/orders.sqlite3 --reason "disk of host 7 died"
              connmix-durable database adopt --database restored.sqlite3

            The first one copies and checks the backup; the second one is for a file that has its place already. Then a consumer may start.
            What came into the lost file after the backup is in neither: gaps says from when to when. What was open in the backup is handled and
            sent, perhaps a second time. The consumer of the lost file must not run any more.
            """)

    @Argument(help: "The backup. Default: the database itself is the copy.")
    var backup: String?
    @Option(help: ArgumentHelp("Why; gaps shows it.", valueName: "text"))
    var reason: String?
    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let adoption = try WorkWatch.during { try options.maintenance.adopt(copy: backup, reason: reason, $0) }
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("path"); writer.string(options.database)
                    writer.members(of: .adoption(adoption))
                })
            return
        }
        let text = """
            \(options.database): adopted. It ends at \(Timestamp.text(adoption.copiedAt)); what came later is in neither file (gaps).
            The next entry is \(adoption.firstEntry), the next command \(adoption.firstCommand): no id is used twice.
            Start its consumer now, and be sure that the one of the lost file does not run.
            """
        for line in text.split(separator: "\n") { try StandardOutput().write(String(line).escapedForTerminal + "\n") }
    }
}
