import ArgumentParser
import ConnmixDurable

/// `connmix-durable database info`
struct DatabaseInfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "What the file is and how it is used.",
        discussion: "Example:  connmix-durable database info --database orders.sqlite3 --json")

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let info = try options.maintenance.info()
        try output.json
            ? StandardOutput().write(JSONWriter.line { Self.members(of: info, &$0) })
            : StandardOutput().write(Self.text(info, .output))
    }

    private static func text(_ info: DatabaseInfo, _ terminal: Terminal) -> String {
        var sheet = FactSheet()
        sheet.add("database", info.path)
        sheet.add("size", "\(ByteText.text(info.bytes)) and \(ByteText.text(info.walBytes)) log")
        sheet.add("free on disk", info.freeBytesOnDisk.map { ByteText.text($0) })
        let unused = Int64(info.freePages) * Int64(info.pageSize)
        sheet.add(
            "pages", "\(info.pages) of \(info.pageSize) bytes, \(info.freePages) unused (\(ByteText.text(unused)))")
        sheet.add("schema", "version \(info.schemaVersion)")
        for migration in info.migrations {
            sheet.add(" ", "\(migration.name)  \(Timestamp.text(migration.appliedAt))")
        }
        sheet.add("own tables", info.ownTables.joined(separator: ", "))
        sheet.add("SQLite", info.sqliteVersion)
        return sheet.text(terminal)
    }

    private static func members(of info: DatabaseInfo, _ writer: inout JSONWriter) {
        writer.key("path"); writer.string(info.path)
        writer.key("bytes"); writer.integer(info.bytes)
        writer.key("wal_bytes"); writer.integer(info.walBytes)
        writer.key("free_bytes_on_disk"); writer.integer(info.freeBytesOnDisk)
        writer.key("page_size"); writer.integer(info.pageSize)
        writer.key("pages"); writer.integer(info.pages)
        writer.key("free_pages"); writer.integer(info.freePages)
        writer.key("schema_version"); writer.integer(info.schemaVersion)
        writer.key("migrations")
        writer.array(info.migrations) { writer, migration in
            writer.object { writer in
                writer.key("version"); writer.integer(migration.version)
                writer.key("name"); writer.string(migration.name)
                writer.key("applied_at"); writer.time(migration.appliedAt)
            }
        }
        writer.key("own_tables"); writer.array(info.ownTables) { $0.string($1) }
        writer.key("sqlite_version"); writer.string(info.sqliteVersion)
    }
}
