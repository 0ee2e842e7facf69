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
    case pause
    case resume

    /// A deleted row does not come back, and the others are undone by doing the opposite.
    package var canBeUndone: Bool {
        switch self {
        case .retry, .replay, .discard, .restore, .skip, .cancel, .importing: true
        case .prune, .undo, .pause, .resume: false
        }
    }

    /// What to do in the place of an undo.
    var insteadOfUndo: String? {
        switch self {
        case .undo: "repeat the first action"
        case .pause: "resume"
        case .resume: "pause"
        case .retry, .replay, .discard, .restore, .skip, .cancel, .importing, .prune: nil
        }
    }
}

/// What became of one row of an action.
enum Intervention {
    /// - Parameters:
    ///   - before: the row as it was, as JSON.
    ///   - result: the new row, where one was made.
    ///   - opensOnly: only the lane behind the row was opened.
    case applied(before: String, result: Int64? = nil, opensOnly: Bool = false)
    case skipped(OperatorReport.Why)
}
