/// What an operator can do to rows of a ledger.
package enum OperatorVerb: String, Sendable {
    case retry
    case replay
    case discard
    case restore
    /// Opens a parked lane; its dead head stays dead.
    case skip
    case cancel
    /// Deletes what is finished.
    case prune
    /// Makes entries of lines from outside.
    case importing = "import"
    case undo

    /// A deleted row does not come back, and an undo is undone by doing the first thing again.
    var canBeUndone: Bool { self != .prune && self != .undo }
}

/// What became of one row of an action.
enum Intervention {
    /// - Parameters:
    ///   - before: the row as it was, as JSON.
    ///   - result: the new row, where one was made.
    case applied(before: String, result: Int64? = nil)
    case skipped(OperatorReport.Why)
}
