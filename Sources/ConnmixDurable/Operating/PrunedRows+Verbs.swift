/// What operators delete, row by row: rows that finished before their action began. The newest row of a table is kept here too.
extension PrunedRows {
    static func deleteEntry(_ transaction: Transaction, id: Int64, before: Int64) throws -> Intervention {
        let connection = transaction.connection
        let select = try connection.statement(
            """
            SELECT state, state_at, id = (SELECT max(id) FROM journal), state IN (9, 11) AND EXISTS (SELECT 1 FROM parked_lane AS p
                WHERE p.lane = coalesce(journal.lane, journal.client) AND p.entry = journal.id)
            FROM journal WHERE id = ?1
            """)
        select.bind(1, id)
        let found = try select.first { row in
            (state: row.int(0), at: row.int(1), isNewest: row.int(2) != 0, isParked: row.int(3) != 0)
        }
        guard let found else { return .skipped(.notFound) }
        guard CountDeltas.knows(found.state) else {
            throw ConnmixError.unknown("state", found.state, of: "journal entry \(id)")
        }
        guard found.state >= 8, found.at < before else { return .skipped(.changed(name(found.state, .journal))) }
        guard !found.isNewest else { return .skipped(.wrongState("the newest, which is kept")) }
        guard !found.isParked else { return .skipped(.wrongState("the head of a parked lane")) }
        try delete(transaction, id, state: found.state, .journal)
        let attempts = try connection.statement("DELETE FROM attempt WHERE entry = ?1")
        attempts.bind(1, id)
        try attempts.run()
        return .applied(before: image(found.state))
    }

    static func deleteCommand(_ transaction: Transaction, id: Int64, before: Int64) throws -> Intervention {
        let select = try transaction.connection.statement(
            "SELECT state, state_at, id = (SELECT max(id) FROM outbox) FROM outbox WHERE id = ?1")
        select.bind(1, id)
        let found = try select.first { (state: $0.int(0), at: $0.int(1), isNewest: $0.int(2) != 0) }
        guard let found else { return .skipped(.notFound) }
        guard CountDeltas.knows(found.state) else { throw ConnmixError.unknown("state", found.state, of: "command \(id)") }
        guard found.state >= 8, found.at < before else { return .skipped(.changed(name(found.state, .outbox))) }
        guard !found.isNewest else { return .skipped(.wrongState("the newest, which is kept")) }
        try delete(transaction, id, state: found.state, .outbox)
        return .applied(before: image(found.state))
    }

    private static func delete(_ transaction: Transaction, _ id: Int64, state: Int64, _ ledger: Ledger) throws {
        let delete = try transaction.connection.statement(
            ledger == .journal ? "DELETE FROM journal WHERE id = ?1" : "DELETE FROM outbox WHERE id = ?1")
        delete.bind(1, id)
        try delete.run()
        transaction.count(1, from: state, to: nil, in: ledger)
    }

    /// What the record of the action keeps of a deleted row. It is shown and never read: the row does not come back.
    private static func image(_ state: Int64) -> String { "{\"state\":\(state)}" }

    private static func name(_ state: Int64, _ ledger: Ledger) -> String {
        switch ledger {
        case .journal: state < 8 ? "open" : "finished anew"
        case .outbox: state < 8 ? "pending" : "settled anew"
        }
    }
}
