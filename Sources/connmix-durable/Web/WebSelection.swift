import ConnmixDurable
import NIOHTTP1

/// Rows that a change would be about, as somebody was shown them: what is agreed to is done to these, and to no others.
struct WebSelection: Sendable {
    enum Change: Sendable {
        case bulk(OperatorVerb, Ledger, again: Bool)
        case undo(OperatorAction)

        var verb: OperatorVerb {
            switch self {
            case .bulk(let verb, _, _): verb
            case .undo: .undo
            }
        }
    }

    let change: Change
    let count: Int
    /// Of an undo the first few: its action knows the others.
    let ids: [Int64]
    /// Whether more match than one change takes.
    let hasMore: Bool
    /// What was asked for, for the record.
    let filter: String

    /// - Parameter check: throws where the search must end.
    /// - Throws: where rows were named that are not there; errors of the file.
    init(_ change: any BulkCommand, _ inspector: Inspector, check: () throws -> Void) throws {
        self = try Self.select(change, inspector, check)
    }

    init(undoing action: OperatorAction, _ inspector: Inspector) throws {
        guard action.state != .running || action.isInterrupted else {
            throw WebRefusal(status: .conflict, reason: "action \(action.id) is going on; undo it when it has ended")
        }
        let rows = try inspector.appliedRows(of: action)
        self.init(change: .undo(action), count: rows.count, ids: Array(rows.prefix(20)), hasMore: false, filter: "")
    }

    init(change: Change, count: Int, ids: [Int64], hasMore: Bool, filter: String) {
        (self.change, self.count, self.ids, self.hasMore, self.filter) = (change, count, ids, hasMore, filter)
    }

    private static func select<Bulk: BulkCommand>(_ change: Bulk, _ inspector: Inspector, _ check: () throws -> Void) throws
        -> WebSelection
    {
        let found = try withoutActuallyEscaping(check) { check in try change.select(inspector) { _ in try check() } }
        guard found.missing.isEmpty else {
            let names = found.missing.prefix(10).map { "\($0)" }.joined(separator: ", ")
            throw WebRefusal(status: .notFound, reason: "the \(Bulk.ledger) has no \(Bulk.ledger.row) \(names)")
        }
        let ids = Array(found.ids.prefix(WebRoute.changeLimit))
        return WebSelection(
            change: .bulk(Bulk.verb, Bulk.ledger, again: change.again), count: ids.count, ids: ids,
            hasMore: found.ids.count > WebRoute.changeLimit, filter: found.filter)
    }
}

/// The selections that were shown last. Pure.
struct WebSelections {
    /// So many are kept, the newest. Each has at most `WebRoute.changeLimit` ids.
    static let limit = 32

    private var kept: [(name: String, selection: WebSelection)] = []

    /// - Returns: the name by which it is taken. It is no number: one that was shown by an earlier process must mean nothing.
    mutating func keep(_ selection: WebSelection, name: String = String(UInt64.random(in: .min ... .max), radix: 36)) -> String {
        kept.append((name, selection))
        if kept.count > Self.limit { kept.removeFirst() }
        return name
    }

    /// Once.
    mutating func take(_ name: String) -> WebSelection? {
        kept.firstIndex { $0.name == name }.map { kept.remove(at: $0).selection }
    }
}
