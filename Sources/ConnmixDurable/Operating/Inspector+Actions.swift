/// What operators did.
extension Inspector {
    /// Actions on either ledger, newest first; `limit` of them at most.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func actions(limit: Int = 50) throws -> [OperatorAction] {
        try read { try ActionLog.list($0, limit: limit) }
    }

    /// One action, of either ledger.
    ///
    /// - Throws: `notFound`.
    public func action(_ id: Int64) throws -> OperatorAction {
        try read { connection in
            for ledger in Ledger.allCases {
                if let action = try ActionLog.action(connection, id, ledger) { return action }
            }
            throw ConnmixError(.notFound, "there is no action \(id)")
        }
    }

    /// How many rows an action was applied to and not undone for.
    package func countApplied(of action: OperatorAction) throws -> Int {
        try read { try ActionLog.countApplied($0, action.id) }
    }

    /// How many rows an action was applied to, those it was undone for included; `nil` where it keeps no rows: it paused topics, or deleted
    /// them.
    package func countDone(by action: OperatorAction) throws -> Int? {
        try read { try ActionLog.countDone($0, action.id) }
    }

    /// The rows that an action was applied to and that were not undone, ascending; of an import the entries that it made.
    package func appliedRows(of action: OperatorAction) throws -> [Int64] {
        let isImport = action.verb == OperatorVerb.importing.rawValue
        var rows: [Int64] = []
        var cursor = Int64.min
        var isLast = false
        while !isLast {
            let items = try read { try ActionLog.appliedItems($0, action.id, above: cursor, limit: 5_000) }
            rows += items.map { isImport ? $0.result ?? $0.row : $0.row }
            cursor = items.last?.row ?? cursor
            isLast = items.count < 5_000
        }
        return rows
    }
}
