import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal list`
struct JournalListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Entries of the journal, newest first.",
        discussion: """
            Example:  connmix-durable journal list --state dead,pending --topic orders --since 2h
            The next page:  --after ID, with the last id that was shown.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions
    @OptionGroup var page: PageOptions

    func run() throws {
        let inspector = try options.inspector()
        let terminal = Terminal.output
        var note = SearchNote(inspector.entryCount(filters.named))
        defer { note.clear() }
        let end = try Pages.read(limit: filters.common.limit ?? 50, after: page.after) { after, limit in
            var filter = filters.filter
            (filter.after, filter.limit) = (after, limit)
            return try inspector.entries(filter, withData: !payload.withoutPayload) { note.looked($0) }
        } id: {
            $0.id
        } show: { entries in
            note.clear()
            if output.json {
                for entry in entries { try StandardOutput().write(JSONWriter.line { $0.members(of: entry) }) }
            } else {
                try StandardOutput().write(JournalTable.text(entries, terminal, now: Timestamp.now()))
            }
        }
        note.clear()
        try ListEnd.say(end, what: "entry")
    }
}
