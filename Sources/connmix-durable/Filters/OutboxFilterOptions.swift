import ArgumentParser
import ConnmixDurable

/// Which commands of the outbox.
struct OutboxFilterOptions: ParsableArguments {
    @OptionGroup var common: CommonFilterOptions
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

    var named: Set<CommandState> { states.reduce(into: []) { $0.formUnion($1.states) } }

    /// Whether nothing says which ones.
    var isEmpty: Bool { common.isEmpty && states.isEmpty && kind == nil && channel == nil && !isPartial }

    var filter: OutboxFilter {
        var filter = OutboxFilter()
        filter.ids = common.ids.flatMap(\.ranges)
        filter.states = named
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

    /// What a bulk verb is about.
    ///
    /// - Parameter states: where neither states nor ids are named.
    func selection(
        _ inspector: Inspector, states: Set<CommandState>, prunedBefore: Int64? = nil
    ) throws -> BulkRun.Selection {
        var filter = filter
        filter.limit = common.limit ?? 0
        filter.order = common.namedOrder ?? .oldest
        filter.prunedBefore = prunedBefore
        if filter.states.isEmpty, filter.ids.isEmpty || prunedBefore != nil { filter.states = states }
        var named = OutboxFilter()
        named.ids = common.singleIDs.map { $0...$0 }
        named.limit = 0
        let known = named.ids.isEmpty ? [] : Set(try inspector.commandIDs(named))
        var note = SearchNote(inspector.commandCount(filter.states))
        defer { note.clear() }
        return BulkRun.Selection(
            filter: json(filter.states), ids: try inspector.commandIDs(filter) { note.looked($0) },
            missing: common.singleIDs.filter { !known.contains($0) })
    }

    /// For the record of an action.
    private func json(_ states: Set<CommandState>) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            common.write(to: &writer)
            if let kind { writer.key("kind"); writer.string(kind) }
            if let channel { writer.key("channel"); writer.string(channel) }
            if isPartial { writer.key("partial"); writer.bool(true) }
            if !states.isEmpty {
                writer.key("state"); writer.array(states.map(\.description).sorted()) { $0.string($1) }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
