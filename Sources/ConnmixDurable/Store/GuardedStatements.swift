/// Statements of a handler's closure: kept away from what is the library's, bounded in time and in what they answer, and with every value
/// bound.
final class GuardedStatements {
    /// How long the statements of one closure, or of all that one message writes, may run.
    static let timeLimit: Duration = .seconds(5)
    /// How many bytes the rows of one query may take, roughly.
    private static let rowsLimit = 64 << 20

    /// What statements met, whatever the closure made of it.
    private(set) var diskTrouble: ConnmixError?
    /// What was done must not be committed.
    private(set) var offence: ConnmixError?

    private let connection: Connection
    private let closure: GuardedClosure
    private let limit: Duration
    private let deadline: ContinuousClock.Instant
    private let isCancelled: () -> Bool

    /// Lends a connection to `body`, guarded.
    static func lend<T>(
        _ connection: Connection, for closure: GuardedClosure, within limit: Duration = timeLimit,
        isCancelled: @escaping () -> Bool = { false }, _ body: (GuardedStatements) throws -> T
    ) rethrows -> T {
        connection.guarded = closure
        defer { connection.guarded = nil }
        return try body(GuardedStatements(connection, closure, limit, isCancelled))
    }

    private init(
        _ connection: Connection, _ closure: GuardedClosure, _ limit: Duration, _ isCancelled: @escaping () -> Bool
    ) {
        self.connection = connection
        self.closure = closure
        self.limit = limit
        self.isCancelled = isCancelled
        deadline = .now + limit
    }

    /// - Returns: how many rows were changed.
    func execute(_ sql: String, _ values: [SQLValue]) throws -> Int {
        try noticingTrouble {
            let statement = try prepare(sql, values)
            try statement.run()
            try checkNames()
            return connection.changes
        }
    }

    func query(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] {
        try noticingTrouble {
            let statement = try prepare(sql, values)
            var rows: [SQLRow] = []
            var bytes = 0
            try statement.forEach { row in
                rows.append(SQLRow(row))
                bytes += rows.last?.bytes ?? 0
                guard bytes <= Self.rowsLimit else {
                    throw ConnmixError(
                        .badData,
                        "\"\(sql.bounded(toBytes: 80))\" answers more than \(Self.rowsLimit >> 20) MiB; ask for less, or with LIMIT"
                    )
                }
            }
            try checkNames()
            return rows
        }
    }

    /// SQLite does not say beforehand which name something gets.
    private func checkNames() throws {
        guard connection.hasRenamed else { return }
        let names = try TableGuard.allTables(connection)
        guard let name = names.first(where: TableGuard.isReserved) else { return }
        let error = ConnmixError(
            .badData, "a table may not be called \"\(name)\", which is a function of SQLite; take another name")
        offence = error
        throw error
    }

    private func noticingTrouble<T>(_ body: () throws -> T) throws -> T {
        do {
            try checkTime()
            return try connection.watched(by: checkTime, body)
        } catch let error as ConnmixError where error.isTransient {
            diskTrouble = error
            throw error
        }
    }

    private func checkTime() throws {
        if isCancelled() { throw CancellationError() }
        guard ContinuousClock.now >= deadline else { return }
        throw ConnmixError(.timedOut, "the handler's own statements ran for more than \(limit.text), \(closure.hurry)")
    }

    private func prepare(_ sql: String, _ values: [SQLValue]) throws -> Statement {
        // `INSERT OR ROLLBACK` and a full disk end the transaction; what came after would be committed by itself.
        guard connection.isInTransaction else {
            throw ConnmixError(.badData, "an earlier statement ended the transaction; nothing more can be done in it")
        }
        connection.beginGuardedStatement()
        let statement = try connection.prepare(sql)
        guard values.count == statement.parameterCount else {
            throw ConnmixError(
                .badData,
                "\"\(sql.bounded(toBytes: 80))\" has \(statement.parameterCount) parameters and \(values.count) values were given"
            )
        }
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value: value) }
        return statement
    }
}
