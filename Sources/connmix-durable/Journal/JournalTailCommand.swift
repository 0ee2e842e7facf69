import ArgumentParser
import ConnmixDurable

/// `connmix-durable journal tail`
struct JournalTailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Follows the journal: entries as they come.",
        discussion: """
            Example:  connmix-durable journal tail --state dead --json
            With --state, entries are shown when they come into that state. --limit says how many older ones are shown first.
            Ends with Ctrl-C.
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var payload: PayloadOptions
    @OptionGroup(title: "Filters") var filters: JournalFilterOptions

    func run() throws {
        let inspector = try database.inspector()
        let start = try inspector.newestEntry()
        var isFirst = true
        func show(_ entries: [JournalRecord]) throws {
            if output.json {
                for entry in entries { try StandardOutput().write(JSONWriter.line { $0.members(of: entry) }) }
            } else {
                let text = JournalTable.text(entries, .output, now: Timestamp.now(), isStream: true)
                try StandardOutput().write(isFirst ? text : text.withoutFirstLine)
                isFirst = false
            }
        }
        func rows(_ ids: [Int64]) throws -> [JournalRecord] {
            var filter = filters.filter
            filter.ids = filter.ids.isEmpty ? ids.map { $0...$0 } : ids.filter(filter.contains).map { $0...$0 }
            guard !filter.ids.isEmpty else { return [] }
            (filter.order, filter.limit) = (.oldest, ids.count)
            return try inspector.entries(filter, withData: !payload.withoutPayload)
        }
        var before = filters.filter
        before.limit = filters.common.limit ?? 10
        (before.order, before.after) = (.newest, start < .max ? start + 1 : nil)
        // Before the list: what ends meanwhile is in one of the two, and shown once.
        var open = try filters.states.isEmpty ? [] : Set(Self.open(inspector).filter { $0 <= start })
        var note = SearchNote(inspector.entryCount(filters.named))
        let earlier = before.limit == 0 ? [] : try inspector.entryIDs(before) { note.looked($0) }
        note.clear()
        open.subtract(earlier)
        // Ids first, then page by page: nobody knows how large the payloads are.
        for page in earlier.reversed().pages(of: 200) {
            let entries = try rows(page)
            if !entries.isEmpty { try show(entries) }
        }
        try Follower(
            newest: { try inspector.newestEntry() },
            above: { id, limit in
                var above = JournalFilter()
                (above.after, above.order, above.limit) = (id, .oldest, limit)
                return try inspector.entries(above, withData: false).map(\.id)
            },
            states: { try inspector.entryStates($0) },
            isOpen: { $0 == .pending || $0 == .running },
            rows: rows,
            show: show, wanted: filters.named
        ).run(from: start, open: open)
    }

    private static func open(_ inspector: Inspector) throws -> [Int64] {
        var filter = JournalFilter()
        filter.states = [.pending, .running]
        filter.limit = Follower<EntryState, JournalRecord>.watchLimit
        return try inspector.entryIDs(filter)
    }
}

extension JournalFilter {
    fileprivate func contains(_ id: Int64) -> Bool { ids.contains { $0.contains(id) } }
}
