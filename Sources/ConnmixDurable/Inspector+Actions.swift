/// What operators did.
extension Inspector {
    /// Actions on either ledger, newest first.
    public func actions(limit: Int = 50) throws -> [OperatorAction] {
        try read { try ActionLog.list($0, limit: limit) }
    }

    /// One action.
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

    /// The rows that an action was applied to and that were not undone, ascending.
    package func appliedRows(of action: Int64) throws -> [Int64] {
        var rows: [Int64] = []
        var isLast = false
        while !isLast {
            let items = try read {
                try ActionLog.appliedItems($0, action, above: rows.last ?? .min, limit: 5_000)
            }
            rows += items.map(\.row)
            isLast = items.count < 5_000
        }
        return rows
    }
}
