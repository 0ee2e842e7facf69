import ArgumentParser
import ConnmixDurable

/// Which entries of the journal.
struct JournalFilterOptions: ParsableArguments {
    @OptionGroup var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, running, done, dead, discarded; several with commas. May be repeated.")
    var states: [StateList<EntryState>] = []

    var named: Set<EntryState> { states.reduce(into: []) { $0.formUnion($1.states) } }

    /// Whether nothing says which ones.
    var isEmpty: Bool { common.isEmpty && states.isEmpty }

    var filter: JournalFilter {
        var filter = JournalFilter()
        filter.ids = common.ids.flatMap(\.ranges)
        filter.states = named
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

    /// What a bulk verb is about.
    ///
    /// - Parameter states: where neither states nor ids are named.
    func selection(
        _ inspector: Inspector, states: Set<EntryState>, prunedBefore: Int64? = nil
    ) throws -> BulkRun.Selection {
        var filter = filter
        filter.limit = common.limit ?? 0
        filter.order = common.namedOrder ?? .oldest
        filter.prunedBefore = prunedBefore
        if filter.states.isEmpty, filter.ids.isEmpty || prunedBefore != nil { filter.states = states }
        var named = JournalFilter()
        named.ids = common.singleIDs.map { $0...$0 }
        named.limit = 0
        let known = named.ids.isEmpty ? [] : Set(try inspector.entryIDs(named))
        var note = SearchNote(inspector.entryCount(filter.states))
        defer { note.clear() }
        return BulkRun.Selection(
            filter: json(filter.states), ids: try inspector.entryIDs(filter) { note.looked($0) },
            missing: common.singleIDs.filter { !known.contains($0) })
    }

    /// For the record of an action.
    private func json(_ states: Set<EntryState>) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            common.write(to: &writer)
            if !states.isEmpty {
                writer.key("state"); writer.array(states.map(\.description).sorted()) { $0.string($1) }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
