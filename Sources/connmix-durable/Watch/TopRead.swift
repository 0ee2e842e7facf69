import ConnmixDurable

/// What `top` reads, one after the other, beside the keys.
enum TopRead: Equatable, Sendable {
    case look
    case causes
    case rows(TopCause.ID)
    case detail(TopRow.ID)
    case selection(TopOrder)
}

/// What was read.
enum TopAnswer: Sendable {
    case look(StatusSnapshot, [ParkedLane])
    case causes([TopCause], isCut: Bool)
    case rows([TopRow], isCut: Bool)
    case detail(TopDetail)
    case selection(TopSelection)
    /// - Parameter isGone: whether there is no such row any more.
    case failed(String, isGone: Bool)
}

extension TopRead {
    /// So many rows of each kind that is in trouble are looked at for their causes: each look costs no more than that.
    static let causeLimit = 20_000
    /// So many rows of a cause are listed, the newest.
    static let rowLimit = 200
    /// A payload up to this is read whole for a list.
    private static let listedBytes = 16 << 10
    /// So much of a payload is shown.
    private static let shownBytes = 64 << 10

    /// Reads, in short reads; a long search ends where `check` throws.
    func perform(
        _ inspector: Inspector, after earlier: StatusSnapshot?, check: () throws -> Void
    ) throws -> TopAnswer {
        switch self {
        case .look:
            let snapshot = try StatusSnapshot(inspector, after: earlier)
            return .look(snapshot, snapshot.activity.parkedLanes > 0 ? try inspector.parkedLanes() : [])
        case .causes:
            var causes: [TopCause] = []
            var isCut = false
            for ledger in Ledger.allCases {
                let found = try inspector.troubles(of: ledger, limit: Self.causeLimit, looked: check)
                causes += found.causes.map { TopCause(ledger: ledger, cause: $0) }
                isCut = isCut || found.isCut
            }
            return .causes(causes, isCut: isCut)
        case .rows(let cause):
            let (rows, isCut) = try Self.rows(of: cause, inspector, check)
            return .rows(rows, isCut: isCut)
        case .detail(let row): return .detail(try Self.detail(of: row, inspector))
        case .selection(let order):
            guard case .cause(let cause) = order.target else { preconditionFailure("a row needs no search") }
            var ids = try Self.ids(order, cause, inspector, check)
            let isCut = ids.count > TopOrder.limit
            if isCut { ids.removeLast(ids.count - TopOrder.limit) }
            return .selection(TopSelection(order: order, ids: ids, isCut: isCut))
        }
    }

    private static func rows(
        of cause: TopCause.ID, _ inspector: Inspector, _ check: () throws -> Void
    ) throws -> ([TopRow], isCut: Bool) {
        switch cause.ledger {
        case .journal:
            var filter = JournalFilter()
            (filter.states, filter.cause, filter.limit) = ([.dead], cause.cause, rowLimit + 1)
            let found = try inspector.entries(filter, withData: false) { _ in try check() }
            let shown = found.prefix(rowLimit)
            let payloads = try inspector.payloads(of: shown.map(\.id), in: .journal, whole: listedBytes)
            return (shown.map { TopRow($0, payload: payloads[$0.id]) }, found.count > rowLimit)
        case .outbox:
            var filter = OutboxFilter()
            (filter.states, filter.cause, filter.limit) = (troubled, cause.cause, rowLimit + 1)
            let found = try inspector.commands(filter, withData: false) { _ in try check() }
            let shown = found.prefix(rowLimit)
            let payloads = try inspector.payloads(of: shown.map(\.id), in: .outbox, whole: listedBytes)
            return (shown.map { TopRow($0, payload: payloads[$0.id]) }, found.count > rowLimit)
        }
    }

    private static func detail(of row: TopRow.ID, _ inspector: Inspector) throws -> TopDetail {
        let payload = try inspector.payloads(of: [row.id], in: row.ledger, whole: shownBytes)[row.id] ?? ([], 0)
        return switch row.ledger {
        case .journal: .entry(try .read(inspector, row.id, withData: false), payload: payload.bytes, size: payload.size)
        case .outbox: .command(try .read(inspector, row.id, withData: false), payload: payload.bytes, size: payload.size)
        }
    }

    /// Ascending, one more than may be taken.
    private static func ids(
        _ order: TopOrder, _ cause: TopCause.ID, _ inspector: Inspector, _ check: () throws -> Void
    ) throws -> [Int64] {
        switch order.ledger {
        case .journal:
            var filter = JournalFilter()
            (filter.states, filter.cause, filter.order, filter.limit) = ([.dead], cause.cause, .oldest, TopOrder.limit + 1)
            return try inspector.entryIDs(filter) { _ in try check() }
        case .outbox:
            var filter = OutboxFilter()
            filter.states = order.verb == .cancel ? troubled.union([.unknown]) : troubled
            (filter.cause, filter.order, filter.limit) = (cause.cause, .oldest, TopOrder.limit + 1)
            return try inspector.commandIDs(filter) { _ in try check() }
        }
    }

    /// The states of commands that are in trouble, where an error says so. One that may be written only once, and whose outcome is unknown, is
    /// never sent again with others: whoever wants that chooses it.
    private static let troubled: Set<CommandState> = [.pending, .dead, .expired]
}
