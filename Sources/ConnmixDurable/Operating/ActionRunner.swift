/// Performs operators' actions on one ledger: recorded with the rows as they were, in slices, and undone.
///
/// The rows of a longer action are written down before the first is changed, so that it acts on exactly those, and goes on where it
/// stopped: `work` takes the next slice of them.
struct ActionRunner: Sendable {
    /// How many rows one transaction changes at most: a consumer's commits wait meanwhile.
    static let sliceLimit = 500
    /// How many rows one transaction writes down.
    private static let planLimit = 5_000

    typealias Intervene = (Transaction, _ row: Int64, _ time: Int64) throws -> Intervention

    let store: SharedStore
    let ledger: Ledger
    let actor: String

    private var mark: ChangeMark { ledger == .journal ? .journal : .commands }

    // MARK: All at once

    /// - Parameter note: more about the action, as members of a JSON object; it begins with a comma where it is not empty.
    func perform(
        _ verb: OperatorVerb, _ rows: [Int64], reason: String?, note: String = "", intervene: Intervene
    ) throws -> OperatorReport {
        let rows = Set(rows).sorted()
        guard rows.count > Self.sliceLimit else {
            return try store.write(mark) { transaction in
                var report = try begin(transaction, verb, rows, reason: reason, note: note)
                for row in rows {
                    let intervention = try intervene(transaction, row, transaction.now)
                    try ActionLog.add(transaction, to: report.action, row: row, intervention)
                    report.add(row, intervention)
                }
                try ActionLog.advance(transaction, report.action, by: rows.count)
                try ActionLog.end(transaction, report.action, as: .finished)
                return report
            }
        }
        var report = OperatorReport(action: try plan(verb, rows, reason: reason, note: note))
        do {
            while let slice = try work(
                report.action, verb, limit: Self.sliceLimit, after: report.lastRow, intervene: intervene)
            {
                report.add(slice)
            }
        } catch {
            throw stopped(report, error)
        }
        return report
    }

    // MARK: In parts

    /// Writes an action and its rows down. Nothing is changed yet.
    ///
    /// - Returns: its id.
    func plan(_ verb: OperatorVerb, _ rows: [Int64], reason: String?, note: String = "") throws -> Int64 {
        let rows = Set(rows).sorted()
        var action: Int64 = 0
        do {
            for start in stride(from: 0, to: rows.count, by: Self.planLimit) {
                try store.write(.records) { transaction in
                    if start == 0 { action = try begin(transaction, verb, rows, reason: reason, note: note).action }
                    for row in rows[start..<min(start + Self.planLimit, rows.count)] {
                        try ActionLog.plan(transaction, action, row: row)
                    }
                }
            }
        } catch {
            throw action == 0 ? error : stopped(OperatorReport(action: action), error)
        }
        guard action != 0 else { throw ConnmixError(.badData, "nothing is named; name at least one id") }
        return action
    }

    /// Changes the next rows of an action that was written down, and ends it with the last.
    ///
    /// - Parameter cursor: the last row that was worked, where it is known: those before it are not gone over again.
    /// - Returns: what was done; `nil` where nothing is left.
    /// - Throws: `badData` where the action was not written down whole; errors of the disk. Nothing of this part was done then.
    func work(
        _ action: Int64, _ verb: OperatorVerb, limit: Int, after cursor: Int64 = .min, intervene: Intervene
    ) throws -> OperatorReport? {
        try store.write(verb == .prune ? .records : mark) { transaction in
            let record = try Self.record(transaction.connection, action, ledger)
            let rows = try ActionLog.planned(
                transaction.connection, action, above: cursor, limit: min(limit, Self.sliceLimit))
            guard !rows.isEmpty else { return nil }
            // Once something is done, all was written down before.
            if record.finished == 0 { try Self.checkWhole(transaction.connection, record) }
            var report = OperatorReport(action: action)
            for row in rows {
                let intervention = try intervene(transaction, row, record.createdAt)
                try ActionLog.record(transaction, action, row: row, intervention)
                report.add(row, intervention)
            }
            try ActionLog.advance(transaction, action, by: rows.count)
            let isLast = record.finished + rows.count >= record.total
            try ActionLog.end(transaction, action, as: isLast ? .finished : .running)
            return report
        }
    }

    /// An action that is to go on: how it was recorded.
    ///
    /// - Throws: `notFound`; `badData` where it is of another verb, was undone, is finished, or was not written down whole.
    func resumable(_ action: Int64, _ verb: OperatorVerb) throws -> OperatorAction {
        try store.read { connection in
            let record = try Self.record(connection, action, ledger)
            guard record.verb == verb.rawValue else {
                throw ConnmixError(
                    .badData,
                    "action \(action) is \"\(record.verb)\" on the \(ledger), not \(verb.rawValue); go on with that verb")
            }
            guard record.state != .undone else {
                throw ConnmixError(.badData, "action \(action) was undone; begin a new one")
            }
            guard try !ActionLog.planned(connection, action, above: .min, limit: 1).isEmpty else {
                throw ConnmixError(.notFound, "nothing is left of action \(action); it is finished")
            }
            if record.finished == 0 { try Self.checkWhole(connection, record) }
            return record
        }
    }

    private static func record(_ connection: Connection, _ action: Int64, _ ledger: Ledger) throws -> OperatorAction {
        guard let record = try ActionLog.action(connection, action, ledger) else {
            throw ConnmixError(.notFound, "there is no action \(action) on the \(ledger)")
        }
        return record
    }

    private static func checkWhole(_ connection: Connection, _ record: OperatorAction) throws {
        guard try ActionLog.countItems(connection, record.id) == record.total else {
            throw ConnmixError(
                .badData,
                "action \(record.id) was stopped before all its rows were written down, and changed nothing; begin anew")
        }
    }

    /// Notes that an action goes on no further for now.
    func stop(_ action: Int64) throws {
        try store.write(.records) { try ActionLog.end($0, action, as: .stopped) }
    }

    /// Drops some of the rows of a finished action.
    ///
    /// - Returns: whether there may be more.
    func forget(_ action: Int64) throws -> Bool {
        try store.write(.records) { transaction in
            guard try ActionLog.planned(transaction.connection, action, above: .min, limit: 1).isEmpty else { return false }
            return try ActionLog.forget(transaction, action, limit: Self.planLimit) == Self.planLimit
        }
    }

    // MARK: Undo

    /// Takes an action back, for each row that is still as the action left it.
    func undo(
        _ action: Int64, reason: String?,
        revert: (Transaction, ActionLog.Item, OperatorVerb, _ since: Int64, _ time: Int64) throws -> Intervention
    ) throws -> OperatorReport {
        var report: OperatorReport?
        var time: Int64 = 0
        var cursor = Int64.min
        var isLast = false
        do {
            while !isLast {
                try store.write(mark) { transaction in
                    let (undone, verb) = try undoable(transaction.connection, action)
                    var current = try report ?? beginUndo(transaction, of: action, reason: reason)
                    if report == nil { time = transaction.now }
                    let items = try ActionLog.appliedItems(
                        transaction.connection, action, above: cursor, limit: Self.sliceLimit)
                    for item in items {
                        let intervention = try revert(transaction, item, verb, undone.createdAt, time)
                        if case .applied = intervention {
                            try ActionLog.markUndone(transaction, action, row: item.row)
                        }
                        try ActionLog.add(transaction, to: current.action, row: item.row, intervention)
                        current.add(item.row, intervention)
                    }
                    isLast = items.count < Self.sliceLimit
                    try ActionLog.advance(transaction, current.action, by: items.count)
                    if isLast { try ActionLog.end(transaction, current.action, as: .finished) }
                    cursor = items.last?.row ?? cursor
                    report = current
                }
            }
        } catch {
            throw stopped(report, error)
        }
        guard let report else { throw ConnmixError(.internal, "an action ended without a report") }
        return report
    }

    // MARK: -

    private func begin(
        _ transaction: Transaction, _ verb: OperatorVerb, _ rows: [Int64], reason: String?, note: String
    ) throws -> OperatorReport {
        guard let first = rows.first, let last = rows.last else {
            throw ConnmixError(.badData, "nothing is named; name at least one id")
        }
        let selection = "{\"first\":\(first),\"last\":\(last),\"count\":\(rows.count)\(note)}"
        return OperatorReport(
            action: try ActionLog.begin(
                transaction, verb, ledger, actor: actor, reason: reason, selection: selection, total: rows.count))
    }

    private func beginUndo(_ transaction: Transaction, of action: Int64, reason: String?) throws -> OperatorReport {
        let total = try ActionLog.countApplied(transaction.connection, action)
        guard total > 0 else { throw ConnmixError(.badData, "nothing of action \(action) is left to undo") }
        return OperatorReport(
            action: try ActionLog.begin(
                transaction, .undo, ledger, actor: actor, reason: reason, selection: "{\"action\":\(action)}", total: total))
    }

    private func undoable(_ connection: Connection, _ id: Int64) throws -> (OperatorAction, OperatorVerb) {
        let action = try Self.record(connection, id, ledger)
        guard let verb = OperatorVerb(rawValue: action.verb), verb.canBeUndone else {
            let advice = OperatorVerb(rawValue: action.verb)?.insteadOfUndo.map { "; \($0)" } ?? ""
            throw ConnmixError(.badData, "action \(id) is \"\(action.verb)\" and cannot be undone\(advice)")
        }
        return (action, verb)
    }

    /// - Returns: the error to throw; it says how far the action came.
    private func stopped(_ report: OperatorReport?, _ error: any Error) -> any Error {
        guard let report, let error = error as? ConnmixError else { return error }
        var message = error.message
        message += "; action \(report.action) has changed \(report.applied.count) rows before, and can be undone"
        do {
            try stop(report.action)
        } catch {
            message += " (it is still recorded as running: \(error))"
        }
        return ConnmixError(error.code, message)
    }
}
