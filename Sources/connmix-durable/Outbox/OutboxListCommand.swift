import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox list`
struct OutboxListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Commands of the outbox, newest first.",
        discussion: """
            Example:  connmix-durable outbox list --state dead --error "client gone" --json
            The next page:  --after ID, with the last id that was shown.
            """)

    @OptionGroup var options: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions
    @OptionGroup var page: PageOptions

    func run() throws {
        let inspector = try options.inspector()
        let terminal = Terminal.output
        let waiting = try inspector.waiting()
        var note = SearchNote(inspector.commandCount(filters.named))
        defer { note.clear() }
        let end = try Pages.read(limit: filters.common.limit ?? 50, after: page.after) { after, limit in
            var filter = filters.filter
            (filter.after, filter.limit) = (after, limit)
            return try inspector.commands(filter, withData: !payload.withoutPayload) { note.looked($0) }
        } id: {
            $0.id
        } show: { commands in
            note.clear()
            if output.json {
                for command in commands {
                    try StandardOutput().write(JSONWriter.line { $0.members(of: command, waiting: waiting) })
                }
            } else {
                try StandardOutput().write(OutboxTable.text(commands, terminal, now: Timestamp.now(), waiting: waiting))
            }
        }
        note.clear()
        try ListEnd.say(end, what: "command")
    }
}
