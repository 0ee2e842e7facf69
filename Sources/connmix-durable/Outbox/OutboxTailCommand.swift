import ArgumentParser
import ConnmixDurable

/// `connmix-durable outbox tail`
struct OutboxTailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Follows the outbox: commands as they come.",
        discussion: """
            Example:  connmix-durable outbox tail --state dead,expired
            With --state, commands are shown when they come into that state. --limit says how many older ones are shown first.
            Ends with Ctrl-C.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: OutboxFilterOptions

    func run() throws {
        let inspector = try database.inspector()
        let start = try inspector.newestCommand()
        var isFirst = true
        func show(_ commands: [OutboxRecord]) throws {
            if output.json {
                for command in commands { try StandardOutput().write(JSONWriter.line { $0.members(of: command) }) }
            } else {
                let text = OutboxTable.text(commands, .output, now: Timestamp.now(), isStream: true)
                try StandardOutput().write(isFirst ? text : text.withoutFirstLine)
                isFirst = false
            }
        }
        func rows(_ ids: [Int64]) throws -> [OutboxRecord] {
            var filter = filters.filter
            filter.ids = filter.ids.isEmpty ? ids.map { $0...$0 } : ids.filter(filter.contains).map { $0...$0 }
            guard !filter.ids.isEmpty else { return [] }
            (filter.order, filter.limit) = (.oldest, ids.count)
            return try inspector.commands(filter, withData: !payload.withoutPayload)
        }
        var before = filters.filter
        before.limit = filters.common.limit ?? 10
        (before.order, before.after) = (.newest, start < .max ? start + 1 : nil)
        // Before the list: what ends meanwhile is in one of the two, and shown once.
        var open = try filters.states.isEmpty ? [] : Set(Self.open(inspector).filter { $0 <= start })
        var note = SearchNote(inspector.commandCount(filters.named))
        let earlier = before.limit == 0 ? [] : try inspector.commandIDs(before) { note.looked($0) }
        note.clear()
        open.subtract(earlier)
        // Ids first, then page by page: nobody knows how large the payloads are.
        for page in earlier.reversed().pages(of: 200) {
            let commands = try rows(page)
            if !commands.isEmpty { try show(commands) }
        }
        try Follower(
            newest: { try inspector.newestCommand() },
            above: { id, limit in
                var above = OutboxFilter()
                (above.after, above.order, above.limit) = (id, .oldest, limit)
                return try inspector.commands(above, withData: false).map(\.id)
            },
            states: { try inspector.commandStates($0) },
            isOpen: { $0 == .pending },
            rows: rows,
            show: show, wanted: filters.named
        ).run(from: start, open: open)
    }

    private static func open(_ inspector: Inspector) throws -> [Int64] {
        var filter = OutboxFilter()
        filter.states = [.pending]
        filter.limit = Follower<CommandState, OutboxRecord>.watchLimit
        return try inspector.commandIDs(filter)
    }
}

extension OutboxFilter {
    fileprivate func contains(_ id: Int64) -> Bool { ids.contains { $0.contains(id) } }
}
