import ArgumentParser
import ConnmixDurable
import Glibc

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
            sent, perhaps a second time; commands at most once that waited in it are not sent, and end as unknown (outbox list --state unknown).
            The consumer of the lost file must not run any more. A file that was adopted before is adopted once more only where somebody consents,
            and a billion ids more are left out then.
            """)

    @Argument(help: "The backup. Default: the database itself is the copy.")
    var backup: String?
    @Option(help: ArgumentHelp("Why; gaps shows it.", valueName: "text"))
    var reason: String?
    @Flag(name: .shortAndLong, help: "Do not ask. Needed for a file that was adopted before where there is no terminal.")
    var yes = false
    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        if let backup { try check(backup) } else { try consentToRepeat() }
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
            Commands at most once that waited in it end as unknown (outbox list --state unknown): nobody knows whether they were sent.
            Start its consumer now, and be sure that the one of the lost file does not run.
            """
        for line in text.split(separator: "\n") { try StandardOutput().write(String(line).escapedForTerminal + "\n") }
    }

    /// - Throws: `Failure` where the backup is not there or its place is taken.
    private func check(_ backup: String) throws {
        DatabaseOptions.named = backup
        guard access(backup, F_OK) == 0 else {
            throw Failure(.noDatabase, "there is no backup at \(backup); name a file that database backup made")
        }
        guard access(options.database, F_OK) != 0 else {
            throw Failure(
                .cannotCreate,
                "\(options.database) exists, and a backup takes only a place that is free; move that file and what lies beside it away, or name another one with --database"
            )
        }
    }

    /// - Throws: `Failure` where the file was adopted before and nobody consents to do it again.
    private func consentToRepeat() throws {
        // What keeps it from being read, or is busy with it, keeps it from being adopted, too, and is said then.
        guard !options.maintenance.isOwned, let last = try? options.inspector().adoptions().last else { return }
        let when = "\(options.database) was adopted on \(Timestamp.text(last.adoptedAt))"
        try Question.consent(
            to: "\(when). Adopt it once more?", toDo: "\(when), and would be once more", isGiven: yes, canLook: false)
    }
}
