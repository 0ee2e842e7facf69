/// The record of what operators did: who, why, and the rows as they were before.
enum ActionLog {
    /// A row an action was applied to.
    struct Item {
        let row: Int64
        /// The row as it was, as JSON.
        let before: String
        /// The new row, where one was made.
        let result: Int64?
    }

    private static let planned: Int64 = 0
    private static let applied: Int64 = 1
    private static let skipped: Int64 = 2
    private static let undone: Int64 = 3

    /// - Parameter selection: what was asked for, as JSON.
    /// - Returns: the action's id.
    static func begin(
        _ transaction: Transaction, _ verb: OperatorVerb, _ ledger: Ledger, actor: String, reason: String?, selection: String,
        total: Int
    ) throws -> Int64 {
        _ = try NumberedTable.action.lastID(transaction.connection)
        let insert = try transaction.connection.statement(
            """
            INSERT INTO action (verb, ledger, actor, reason, filter, state, total, created_at)
            VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7)
            """)
        insert.bind(1, verb.rawValue)
        insert.bind(2, ledger.rawValue)
        insert.bind(3, actor.boundedError)
        insert.bind(4, reason?.boundedError)
        insert.bind(5, selection)
        insert.bind(6, Int64(total))
        insert.bind(7, transaction.now)
        try insert.run()
        return transaction.connection.lastInsertedID
    }

    static func add(_ transaction: Transaction, to action: Int64, row: Int64, _ intervention: Intervention) throws {
        let insert = try transaction.connection.statement(
            "INSERT INTO action_item (action, row, state, before, result) VALUES (?1, ?2, ?3, ?4, ?5)")
        insert.bind(1, action)
        insert.bind(2, row)
        bind(intervention, to: insert)
        try insert.run()
    }

    /// What an action made of a row; `nil` where it made nothing.
    static func result(_ connection: Connection, _ action: Int64, row: Int64) throws -> Int64? {
        let select = try connection.statement("SELECT result FROM action_item WHERE action = ?1 AND row = ?2")
        select.bind(1, action)
        select.bind(2, row)
        return try select.first { $0.optionalInt(0) } ?? nil
    }

    /// A row that the action is going to change.
    static func plan(_ transaction: Transaction, _ action: Int64, row: Int64) throws {
        let insert = try transaction.connection.statement(
            "INSERT INTO action_item (action, row, state) VALUES (?1, ?2, ?3)")
        insert.bind(1, action)
        insert.bind(2, row)
        insert.bind(3, planned)
        try insert.run()
    }

    /// A planned row was looked at.
    static func record(_ transaction: Transaction, _ action: Int64, row: Int64, _ intervention: Intervention) throws {
        let update = try transaction.connection.statement(
            "UPDATE action_item SET state = ?3, before = ?4, result = ?5 WHERE action = ?1 AND row = ?2")
        update.bind(1, action)
        update.bind(2, row)
        bind(intervention, to: update)
        try update.run()
    }

    private static func bind(_ intervention: Intervention, to statement: Statement) {
        switch intervention {
        case .applied(let before, let result, _):
            statement.bind(3, applied)
            statement.bind(4, before)
            statement.bind(5, result)
        case .skipped:
            statement.bind(3, skipped)
        }
    }

    /// The next rows above `row` that were not looked at, ascending.
    static func planned(_ connection: Connection, _ action: Int64, above row: Int64, limit: Int) throws -> [Int64] {
        let select = try connection.statement(
            "SELECT row FROM action_item WHERE action = ?1 AND row > ?2 AND state = 0 ORDER BY row LIMIT ?3")
        select.bind(1, action)
        select.bind(2, row)
        select.bind(3, Int64(limit))
        var rows: [Int64] = []
        try select.forEach { rows.append($0.int(0)) }
        return rows
    }

    static func countItems(_ connection: Connection, _ action: Int64) throws -> Int {
        let select = try connection.statement("SELECT count(*) FROM action_item WHERE action = ?1")
        select.bind(1, action)
        return Int(try select.first { $0.int(0) } ?? 0)
    }

    /// Deletes rows of an action's list.
    ///
    /// - Returns: how many.
    static func forget(_ transaction: Transaction, _ action: Int64, limit: Int) throws -> Int {
        let delete = try transaction.connection.statement(
            """
            DELETE FROM action_item WHERE action = ?1
                AND row IN (SELECT row FROM action_item WHERE action = ?1 ORDER BY row LIMIT ?2)
            """)
        delete.bind(1, action)
        delete.bind(2, Int64(limit))
        try delete.run()
        return transaction.connection.changes
    }

    /// A slice of the action is worked.
    static func advance(_ transaction: Transaction, _ action: Int64, by count: Int) throws {
        let update = try transaction.connection.statement("UPDATE action SET finished = finished + ?2 WHERE id = ?1")
        update.bind(1, action)
        update.bind(2, Int64(count))
        try update.run()
    }

    static func end(_ transaction: Transaction, _ action: Int64, as state: OperatorAction.State) throws {
        let update = try transaction.connection.statement("UPDATE action SET state = ?2, ended_at = ?3 WHERE id = ?1")
        update.bind(1, action)
        update.bind(2, state.rawValue)
        update.bind(3, state == .running ? nil : transaction.now)
        try update.run()
    }

    // MARK: Undo

    static func markUndone(_ transaction: Transaction, _ action: Int64, row: Int64) throws {
        let item = try transaction.connection.statement(
            "UPDATE action_item SET state = ?3 WHERE action = ?1 AND row = ?2")
        item.bind(1, action)
        item.bind(2, row)
        item.bind(3, undone)
        try item.run()
        let update = try transaction.connection.statement("UPDATE action SET state = 4 WHERE id = ?1")
        update.bind(1, action)
        try update.run()
    }

    /// How many rows the action was applied to and not undone for.
    static func countApplied(_ connection: Connection, _ action: Int64) throws -> Int {
        let select = try connection.statement("SELECT count(*) FROM action_item WHERE action = ?1 AND state = ?2")
        select.bind(1, action)
        select.bind(2, applied)
        return Int(try select.first { $0.int(0) } ?? 0)
    }

    /// How many rows the action was applied to, undone or not; `nil` where it has no rows.
    static func countDone(_ connection: Connection, _ action: Int64) throws -> Int? {
        let select = try connection.statement(
            "SELECT count(*), coalesce(sum(state IN (?2, ?3)), 0) FROM action_item WHERE action = ?1")
        select.bind(1, action)
        select.bind(2, applied)
        select.bind(3, undone)
        return try select.first { $0.int(0) == 0 ? nil : Int($0.int(1)) } ?? nil
    }

    /// The next of those above `row` that it was applied to and not undone for.
    static func appliedItems(_ connection: Connection, _ action: Int64, above row: Int64, limit: Int) throws -> [Item] {
        let select = try connection.statement(
            "SELECT row, before, result FROM action_item WHERE action = ?1 AND row > ?2 AND state = ?3 ORDER BY row LIMIT ?4")
        select.bind(1, action)
        select.bind(2, row)
        select.bind(3, applied)
        select.bind(4, Int64(limit))
        var items: [Item] = []
        try select.forEach { row in
            items.append(Item(row: row.int(0), before: row.text(1), result: row.optionalInt(2)))
        }
        return items
    }

    // MARK: Reading

    static func list(_ connection: Connection, limit: Int) throws -> [OperatorAction] {
        let select = try connection.statement(
            """
            SELECT id, verb, actor, reason, filter, state, total, finished, created_at, ended_at, ledger
            FROM action ORDER BY id DESC LIMIT ?1
            """)
        select.bind(1, Int64(limit))
        var actions: [OperatorAction] = []
        try select.forEach { actions.append(try OperatorAction($0)) }
        return actions
    }

    static func action(_ connection: Connection, _ id: Int64, _ ledger: Ledger) throws -> OperatorAction? {
        let select = try connection.statement(
            """
            SELECT id, verb, actor, reason, filter, state, total, finished, created_at, ended_at, ledger
            FROM action WHERE id = ?1 AND ledger = ?2
            """)
        select.bind(1, id)
        select.bind(2, ledger.rawValue)
        return try select.first { try OperatorAction($0) }
    }
}

extension OperatorAction {
    init(_ row: Statement) throws(ConnmixError) {
        id = row.int(0)
        state = try row.known(5, "state", of: "action \(row.int(0))")
        verb = row.text(1)
        actor = row.text(2)
        reason = row.optionalText(3)
        selection = row.text(4)
        total = Int(row.amount(6))
        finished = Int(row.amount(7))
        createdAt = row.time(8)
        endedAt = row.optionalTime(9)
        isOnJournal = try row.known(10, "ledger", of: "action \(row.int(0))", as: Ledger.self) == .journal
    }
}
