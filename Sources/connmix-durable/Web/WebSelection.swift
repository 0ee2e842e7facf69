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
        self.init(change: .undo(action), ids: try inspector.appliedRows(of: action), hasMore: false, filter: "")
    }

    init(change: Change, ids: [Int64], hasMore: Bool, filter: String) {
        (self.change, self.ids, self.hasMore, self.filter) = (change, ids, hasMore, filter)
    }

    private static func select<Bulk: BulkCommand>(_ change: Bulk, _ inspector: Inspector, _ check: () throws -> Void) throws
        -> WebSelection
    {
        let found = try withoutActuallyEscaping(check) { check in try change.select(inspector) { _ in try check() } }
        guard found.missing.isEmpty else {
            let names = found.missing.prefix(10).map { "\($0)" }.joined(separator: ", ")
            throw WebRefusal(status: .notFound, reason: "the \(Bulk.ledger) has no \(Bulk.ledger.row) \(names)")
        }
        return WebSelection(
            change: .bulk(Bulk.verb, Bulk.ledger, again: change.again), ids: Array(found.ids.prefix(WebRoute.changeLimit)),
            hasMore: found.ids.count > WebRoute.changeLimit, filter: found.filter)
    }
}

/// The selections that were shown last. Pure.
struct WebSelections {
    /// So many are kept, the newest. Each has at most `WebRoute.changeLimit` ids; of an undo as many as its action.
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
