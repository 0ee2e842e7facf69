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
    @OptionGroup(title: "Filters") var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, running, done, dead, discarded; several with commas. May be repeated.")
    var states: [StateList<EntryState>] = []

    func run() throws {
        let inspector = try options.inspector()
        let terminal = Terminal.output
        let end = try Pages.read(limit: common.limit, after: common.after) { after, limit in
            var filter = filter
            (filter.after, filter.limit) = (after, limit)
            return try inspector.entries(filter, withData: !payload.withoutPayload)
        } id: {
            $0.id
        } show: { entries in
            if output.json {
                for entry in entries { try StandardOutput().write(JSONWriter.line { $0.members(of: entry) }) }
            } else {
                try StandardOutput().write(JournalTable.text(entries, terminal, now: Age.now()))
            }
        }
        try ListEnd.say(end, what: "entry")
    }

    private var filter: JournalFilter {
        var filter = JournalFilter()
        filter.ids = common.ids.flatMap(\.ranges)
        filter.states = states.reduce(into: []) { $0.formUnion($1.states) }
        filter.topic = common.topic
        filter.client = common.client
        filter.node = common.node
        filter.since = common.since?.microseconds
        filter.until = common.until?.microseconds
        filter.error = common.error
        filter.handlerVersion = common.handlerVersion
        filter.order = common.order
        return filter
    }
}
