import ArgumentParser
import ConnmixDurable

/// `connmix-durable database migrate`
struct DatabaseMigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the file to the schema of this version. Not beside a consumer.",
        discussion: """
            Example:  connmix-durable database migrate --database orders.sqlite3
            A consumer does the same when it starts. There is no way back but a backup.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let (from, applied) = try options.maintenance.migrate()
        if output.json {
            try StandardOutput().write(
                JSONWriter.line { writer in
                    writer.key("from"); writer.integer(from)
                    writer.key("to"); writer.integer(from + Int64(applied.count))
                    writer.key("applied"); writer.array(applied) { $0.string($1) }
                })
        } else if applied.isEmpty {
            try StandardOutput().write("schema version \(from), nothing to do\n")
        } else {
            let names = applied.joined(separator: ", ")
            try StandardOutput().write("schema version \(from) to \(from + Int64(applied.count)): \(names)\n")
        }
    }
}
