/// The tables of a handler, inside the transaction that marks its message done.
///
/// Handed to the closure of `HandlerContext.write`, and valid only inside it: it cannot be copied or kept. Values are always bound. The
/// library's own tables can be read and not changed, and the transaction belongs to the library.
///
/// ```swift
/// try context.write { tables in
///     try tables.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, sku TEXT) STRICT")
///     try tables.execute("INSERT INTO orders (id, sku) VALUES (?1, ?2)", .integer(message.id), .text(order.sku))
/// }
/// ```
public struct OwnTables: ~Copyable {
    /// What statements met, whatever the closure made of it.
    private final class Trouble {
        var ofDisk: ConnmixError?
        /// What was done must not be committed.
        var offence: ConnmixError?
    }

    /// How long the statements of one message may run in all: everybody's commit waits for them.
    static let timeLimit: Duration = .seconds(5)
    /// How many bytes the rows of one query may take, roughly.
    static let rowsLimit = 64 << 20

    private let connection: Connection
    private let deadline: ContinuousClock.Instant
    private let limit: Duration
    private let trouble = Trouble()

    /// Lends a connection's tables to each of `writes`, in order.
    ///
    /// - Parameter limit: how long all their statements may run.
    /// - Throws: what a closure threw, as `OwnWriteFailure`.
    static func run(
        _ writes: [OwnWrite], on connection: Connection, within limit: Duration = timeLimit
    ) throws(OwnWriteFailure) {
        let failure = lend(connection, within: limit) { tables -> OwnWriteFailure? in
            for write in writes {
                let result = Result { try write(tables) }
                if let error = tables.trouble.ofDisk { return .disk(error) }
                guard connection.isInTransaction else { return .transactionEnded }
                if let error = tables.trouble.offence { return .handler(error) }
                if case .failure(let error) = result { return .handler(error) }
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Lends a connection's tables, guarded.
    static func lend<T>(
        _ connection: Connection, within limit: Duration = timeLimit, _ body: (borrowing OwnTables) throws -> T
    ) rethrows -> T {
        connection.isGuarded = true
        defer { connection.isGuarded = false }
        return try body(OwnTables(connection: connection, limit: limit))
    }

    private init(connection: Connection, limit: Duration) {
        self.connection = connection
        self.limit = limit
        deadline = .now + limit
    }

    /// Runs one statement.
    ///
    /// - Returns: how many rows it changed.
    /// - Throws: `ConnmixError` with SQLite's words, also where the statement touches a table of the library; `badData` where the text
    ///   holds more than one statement, and none is run; `timedOut` where it runs on (see `HandlerContext.write`).
    @discardableResult
    public borrowing func execute(_ sql: String, _ values: SQLValue...) throws -> Int {
        try noticingTrouble {
            let statement = try prepare(sql, values)
            try statement.run()
            try checkNames()
            return connection.changes
        }
    }

    /// Runs one statement and answers its rows.
    ///
    /// - Throws: as `execute`; `badData` where the rows take more than 64 MiB.
    public borrowing func query(_ sql: String, _ values: SQLValue...) throws -> [SQLRow] {
        try query(sql, values)
    }

    borrowing func query(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] {
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
    private borrowing func checkNames() throws {
        guard connection.hasRenamed else { return }
        let names = try TableGuard.allTables(connection)
        guard let name = names.first(where: TableGuard.isReserved) else { return }
        let error = ConnmixError(
            .badData, "a table may not be called \"\(name)\", which is a function of SQLite; take another name")
        trouble.offence = error
        throw error
    }

    private borrowing func noticingTrouble<T>(_ body: () throws -> T) throws -> T {
        let (deadline, limit) = (deadline, limit)
        func checkTime() throws {
            guard ContinuousClock.now >= deadline else { return }
            throw ConnmixError(
                .timedOut,
                "the handler's own statements ran for more than \(limit.text), while every other commit waited; write less at a time"
            )
        }
        do {
            try checkTime()
            return try connection.watched(by: checkTime, body)
        } catch let error as ConnmixError where error.isTransient {
            trouble.ofDisk = error
            throw error
        }
    }

    private borrowing func prepare(_ sql: String, _ values: [SQLValue]) throws -> Statement {
        // `INSERT OR ROLLBACK` and a full disk end the transaction; what came after would be committed by itself.
        guard connection.isInTransaction else {
            throw ConnmixError(.badData, "an earlier statement ended the transaction; nothing more can be written in it")
        }
        connection.beginGuardedStatement()
        let statement = try connection.prepare(sql)
        guard values.count == statement.parameterCount else {
            throw ConnmixError(
                .badData,
                "\"\(sql.bounded(toBytes: 80))\" has \(statement.parameterCount) parameters and \(values.count) values were given"
            )
        }
        for (index, value) in values.enumerated() { statement.bind(Int32(index + 1), value) }
        return statement
    }
}
