import ConnmixDurable
import NIOHTTP1

/// What the console changes: as the command line does it, written down before the first row is changed.
struct WebChanges {
    let database: String
    let inspector: Inspector
    let stops: () -> Bool

    /// - Returns: the command line's report. What has changed since it was selected is in `skipped`.
    func perform(_ selection: WebSelection, reason: String?) throws -> String {
        guard selection.count > 0 else {
            throw WebRefusal(status: .conflict, reason: "nothing was selected; nothing was changed")
        }
        let report =
            switch selection.change {
            case .bulk(let verb, let ledger, let again): try work(selection, verb, ledger, again: again, reason)
            case .undo(let action): try undo(action, selection.count, reason)
            }
        return JSONWriter.text { report.write(to: &$0) }
    }

    private func work(
        _ selection: WebSelection, _ verb: OperatorVerb, _ ledger: Ledger, again: Bool, _ reason: String?
    ) throws -> BulkReport {
        let work = try BulkWork(database: database, verb, on: ledger, again: again)
        let action = try work.plan(selection.ids, reason: reason, filter: selection.filter)
        let total = selection.ids.count
        var parts = VerbParts(work, action, total: total, steps: nil, inspector: inspector, reportsStop: false)
        try UnseenLoop(total: total).run(&parts, stops: stops)
        return BulkReport(work, parts.report, total: total)
    }

    /// - Throws: where it has come to be about other rows than were agreed to.
    private func undo(_ action: OperatorAction, _ count: Int, _ reason: String?) throws -> BulkReport {
        let now = try inspector.appliedRows(of: inspector.action(action.id)).count
        guard now == count else {
            throw WebRefusal(
                status: .conflict,
                reason: "action \(action.id) is about \(action.ledger.rows(now)) by now, not \(count); nothing was changed")
        }
        let report =
            switch action.ledger {
            case .journal: try JournalOperator(database: database).undo(action.id, reason: reason)
            case .outbox: try OutboxOperator(database: database).undo(action.id, reason: reason)
            }
        return BulkReport(.undo, rows: action.ledger.rows(count), report, total: count)
    }
}
