/// A handler's tables as they are committed, for reading.
///
/// Handed to the closure of ``HandlerContext/read(_:)``, and valid only inside it: it cannot be copied or kept. All queries of one closure see
/// the same state. The library's own tables can be read too.
///
/// ```swift
/// let rows = try await context.read { tables in
///     try tables.query("SELECT name FROM members WHERE client = ?1", SQLValue(message.client))
/// }
/// guard let name = rows.first?["name"] else { throw HandlerError.permanent("no such member") }
/// ```
public struct TableSnapshot: ~Copyable {
    private let statements: GuardedStatements

    static func read<T: Sendable>(
        _ pool: ReadingPool, within limit: Duration = GuardedStatements.timeLimit,
        _ body: @escaping @Sendable (borrowing TableSnapshot) throws -> T
    ) async throws -> T {
        try await pool.read { connection, isCancelled in
            try GuardedStatements.lend(connection, for: .read, within: limit, isCancelled: isCancelled) { statements in
                try body(TableSnapshot(statements: statements))
            }
        }
    }

    private init(statements: GuardedStatements) {
        self.statements = statements
    }

    /// Runs one statement that changes nothing, and answers its rows.
    ///
    /// - Throws: ``ConnmixError`` with SQLite's words; `badData` where the text holds more than one statement, or the rows take more than
    ///   64 MiB; `timedOut` where the closure's statements run for more than five seconds in all; `CancellationError`.
    public borrowing func query(_ sql: String, _ values: SQLValue...) throws -> [SQLRow] {
        try statements.query(sql, values)
    }
}
