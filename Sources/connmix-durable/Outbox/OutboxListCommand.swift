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
    @OptionGroup(title: "Filters") var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, sent, dead, expired, cancelled, superseded, unknown; several with commas. May be repeated.")
    var states: [StateList<CommandState>] = []
    @Option(help: "mesh.send, mesh.publish, conn.call, or another method.")
    var kind: String?
    @Option(help: "The channel of a publish.")
    var channel: String?
    @Flag(name: .customLong("partial"), help: "Publishes that failed for some subscribers.")
    var isPartial = false

    func run() throws {
        let inspector = try options.inspector()
        let terminal = Terminal.output
        let end = try Pages.read(limit: common.limit, after: common.after) { after, limit in
            var filter = filter
            (filter.after, filter.limit) = (after, limit)
            return try inspector.commands(filter, withData: !payload.withoutPayload)
        } id: {
            $0.id
        } show: { commands in
            if output.json {
                for command in commands { try StandardOutput().write(JSONWriter.line { $0.members(of: command) }) }
            } else {
                try StandardOutput().write(OutboxTableText.text(commands, terminal, now: Age.now()))
            }
        }
        try ListEnd.say(end, what: "command")
    }

    private var filter: OutboxFilter {
        var filter = OutboxFilter()
        filter.ids = common.ids.flatMap(\.ranges)
        filter.states = states.reduce(into: []) { $0.formUnion($1.states) }
        filter.kind = kind
        filter.channel = channel
        filter.isPartial = isPartial
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
