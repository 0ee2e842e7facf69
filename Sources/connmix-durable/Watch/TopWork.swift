import ConnmixDurable

/// What `top` is told to change: a verb, and on what.
struct TopOrder: Equatable, Sendable {
    enum Target: Equatable, Sendable {
        case row(TopRow.ID)
        case cause(TopCause.ID)
    }

    /// More rows of a cause are not taken at once.
    static let limit = 100_000

    let verb: OperatorVerb
    let target: Target

    var ledger: Ledger {
        switch target {
        case .row(let id): id.ledger
        case .cause(let id): id.ledger
        }
    }

    /// What was asked for, for the action's record.
    var filter: String {
        var writer = JSONWriter()
        writer.object { writer in
            switch target {
            case .row(let row): writer.key("id"); writer.integer(row.id)
            case .cause(let cause): writer.key("cause"); writer.string(cause.cause)
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

/// The rows that an order is about: found, and asked for before anything is changed.
struct TopSelection: Equatable, Sendable {
    let order: TopOrder
    /// Ascending.
    let ids: [Int64]
    /// There are more.
    let isCut: Bool

    var question: String {
        let verb = order.verb.asQuestion
        return switch order.target {
        case .row(let row): "\(verb) \(row.name)?"
        case .cause(let cause):
            isCut
                ? "\(verb) the oldest \(order.ledger.rows(ids.count)) of cause \(cause.cause) (there are more)?"
                : "\(verb) \(order.ledger.rows(ids.count)) of cause \(cause.cause)?"
        }
    }
}

extension OperatorReport {
    private static let shownSkips = 2

    /// What an action did, in a line: how many, which were left and why, and how to take it back.
    func line(_ selection: TopSelection) -> String {
        let (verb, total) = (selection.order.verb, selection.ids.count)
        var text = "action \(action): \(applied.count) of \(selection.order.ledger.rows(total)) \(verb.past)"
        if !skipped.isEmpty {
            let some = skipped.prefix(Self.shownSkips).map { "\($0.id): \($0.why)" }.joined(separator: "; ")
            text +=
                ", \(skipped.count) left as \(skipped.count == 1 ? "it is" : "they are") (\(some)\(skipped.count > 2 ? "; …" : ""))"
        }
        return applied.isEmpty ? text : text + "; back with: actions undo \(action)"
    }
}
