import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal import`
struct JournalImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Makes entries from NDJSON, such as journal export writes it.",
        discussion: """
            Example:  connmix-durable journal import dead.ndjson --reason "moved from the old machine"
            A line needs topic, client and data. What an export says beside them is kept: state, attempts and their errors, times, lane and
            dedupe key; what is done or dead stays so, and what was running is pending. Entries get new ids; replay_of follows where the
            original stands before it in the file, and is dropped otherwise. A line without a state makes a pending entry.
            Every line is looked at before the first is imported. An import that was interrupted goes on, with the same file:
              connmix-durable journal import dead.ndjson --resume 12
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The file; - reads stdin.")
    var file: String
    @Flag(name: .shortAndLong, help: "Do not ask. Needed where there is no terminal.")
    var yes = false
    @Flag(help: "All of them new and pending, to be handled, whatever state the lines name.")
    var pending = false
    @Flag(help: "Look at every line, and import nothing.")
    var dryRun = false
    @Option(help: "Why. Kept with the action.")
    var reason: String?
    @Option(help: ArgumentHelp("At most so many a second: 50/s; or a minute: 600/m; at least one a day.", valueName: "n/s"))
    var rate: Rate?
    @Option(help: ArgumentHelp("Go on with an import that was interrupted.", valueName: "action"))
    var resume: Int64?

    func validate() throws {
        guard resume == nil || (!dryRun && !pending && reason == nil) else {
            throw ValidationError("--resume goes on with what was begun; leave --dry-run, --pending and --reason out")
        }
        guard file != "-" || yes || dryRun else {
            throw ValidationError("the lines come from stdin, so nobody can be asked; say --yes")
        }
    }

    func run() throws {
        let journal = try JournalImport(database: database.database)
        // Looked at before the file, which may be long.
        let record = try resume.map { try journal.resume($0) }
        let spool = file == "-" ? try TemporaryFile(InputFile.read("-", limit: 1 << 30)) : nil
        defer { spool?.remove() }
        let path = spool?.path ?? file
        let name = InputFile.name(file)
        let begun = try record.map { try ImportSource($0) }
        let kind: ImportLine.Kind = begun?.pending ?? pending ? .pending : .kept
        Interruption.watch()
        let survey = try ImportSurvey(path, name, as: kind)
        let total = survey.total
        guard total > 0 else { throw Failure(.failed, "\(name) has no line to import") }
        if let record, record.total != total || begun?.digest.map({ $0 != survey.digest.text }) ?? false {
            throw Failure(
                .badData,
                record.total == total
                    ? "\(name) is not as it was when action \(record.id) began: its lines have changed; name the file as it was, or take the action back with actions undo \(record.id) and begin anew"
                    : "action \(record.id) is the import of \(record.total) lines and \(name) has \(total); name the same file")
        }
        let what = "\(total) lines"
        if dryRun {
            return StandardError.write(line: "\(what) would be imported: \(survey.description); nothing was changed")
        }
        let question = record.map { "Go on with import \($0.id) behind its line \($0.finished) of \(total)?" }
        try Question.consent(
            to: question ?? "Import \(what): \(survey.description)?", toDo: "\(what) would be imported", isGiven: yes)
        let source = ImportSource(file: name, digest: survey.digest.text, pending: pending)
        let action = try record?.id ?? journal.begin(total: total, source: source.json, reason: reason)
        let before = record?.finished ?? 0
        var parts = ImportParts(journal, action, file: file, path: path, before: before, survey, as: kind)
        let done = try BulkLoop(total: total, before: before, rate: rate).run(&parts)
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("action"); writer.integer(action)
                    writer.key("imported"); writer.integer(done - before)
                    writer.key("total"); writer.integer(total)
                })
        } else {
            try StandardOutput().write("action \(action): \(done - before) of \(total) lines imported\n")
        }
    }
}
