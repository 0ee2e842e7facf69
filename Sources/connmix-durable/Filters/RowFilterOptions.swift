import ArgumentParser
import ConnmixDurable

/// Which rows of a ledger: what both ledgers can be filtered by, states, and what one of them adds.
protocol RowFilterOptions: ParsableArguments {
    associatedtype Row: LedgerRow

    var common: CommonFilterOptions { get }
    /// Ids without --id.
    var bareIDs: [IDRanges] { get }
    var states: [StateList<Row.State>] { get }
    /// Whether something is said that only this ledger knows.
    var hasOwnConditions: Bool { get }

    func addOwnConditions(to filter: inout Row.Filter)
    /// For the record of an action.
    func writeOwnConditions(to writer: inout JSONWriter)
}

extension RowFilterOptions {
    var hasOwnConditions: Bool { false }
    func addOwnConditions(to filter: inout Row.Filter) {}
    func writeOwnConditions(to writer: inout JSONWriter) {}

    /// All ids that are named.
    var ids: [IDRanges] { bareIDs + common.ids }

    /// The states that are named.
    var named: Set<Row.State> { states.reduce(into: []) { $0.formUnion($1.states) } }

    /// Whether nothing says which ones.
    var isEmpty: Bool { common.isEmpty && bareIDs.isEmpty && states.isEmpty && !hasOwnConditions }

    var filter: Row.Filter {
        var filter = Row.Filter()
        filter.ids = ids.flatMap(\.ranges)
        filter.states = named
        filter.topic = common.topic
        filter.client = common.client
        filter.node = common.node
        filter.since = common.since?.microseconds
        filter.until = common.until?.microseconds
        filter.error = common.error
        filter.cause = common.cause?.text
        filter.handlerVersion = common.handlerVersion
        filter.order = common.order
        addOwnConditions(to: &filter)
        return filter
    }

    /// - Throws: where a verb is told to take states that it cannot take.
    func check(_ takes: Set<Row.State>, _ verb: OperatorVerb) throws {
        let named = named
        guard let wrong = Row.State.allCases.first(where: { named.contains($0) && !takes.contains($0) }) else { return }
        let names = Row.State.allCases.filter(takes.contains).map(\.description).joined(separator: ", ")
        throw ValidationError("\(verb.rawValue) is not for what is \(wrong); it takes: \(names)")
    }

    /// What a bulk verb is about.
    ///
    /// - Parameters:
    ///   - states: where no states are named, and ids alone do not say it.
    ///   - looked: as `BulkCommand.select`.
    func selection(
        _ inspector: Inspector, states: Set<Row.State>, prunedBefore: Int64? = nil, looked: ((Int) throws -> Void)? = nil
    ) throws -> BulkSelection {
        var filter = filter
        filter.limit = common.limit ?? 0
        filter.order = common.namedOrder ?? .oldest
        filter.prunedBefore = prunedBefore
        // Finished rows keep their last error: a cause alone does not say that they ended with it.
        let isWide = filter.ids.isEmpty || filter.cause != nil || prunedBefore != nil
        if filter.states.isEmpty, isWide { filter.states = states }
        let missing = try missing(inspector)
        if let looked {
            return BulkSelection(
                filter: json(filter.states), ids: try Row.ids(inspector, filter, looked: looked), missing: missing)
        }
        var note = SearchNote(Row.count(inspector, filter.states))
        defer { note.clear() }
        return BulkSelection(
            filter: json(filter.states), ids: try Row.ids(inspector, filter) { note.looked($0) }, missing: missing)
    }

    /// Ids that were named one by one and are not there.
    private func missing(_ inspector: Inspector) throws -> [Int64] {
        let ids = ids.flatMap(\.ranges).compactMap(\.single)
        guard !ids.isEmpty else { return [] }
        var filter = Row.Filter()
        filter.ids = ids.map { $0...$0 }
        filter.limit = 0
        let known = Set(try Row.ids(inspector, filter) { _ in })
        return ids.filter { !known.contains($0) }
    }

    private func json(_ states: Set<Row.State>) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            common.write(to: &writer, ids: ids)
            writeOwnConditions(to: &writer)
            guard !states.isEmpty else { return }
            writer.key("state"); writer.array(states.map(\.description).sorted()) { $0.string($1) }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
