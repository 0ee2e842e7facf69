/// The tables of a handler, inside the transaction that marks its message done.
///
/// Handed to the closure of ``HandlerContext/write(_:)``, and valid only inside it: it cannot be copied or kept. Values are always bound. The
/// library's own tables can be read and not changed, and the transaction belongs to the library.
///
/// ```swift
/// try context.write { tables in
///     let new = try tables.execute("INSERT OR IGNORE INTO members (client) VALUES (?1)", SQLValue(message.client))
///     try tables.stage(.meshSend(to: message.client, new == 1 ? "welcome" : "you were here before"))
/// }
/// ```
public struct OwnTables: ~Copyable {
    /// The commands of one message's closures.
    private final class Staging {
        var commands: [Command] = []
    }

    /// How long the statements of one message may run in all: everybody's commit waits for them.
    static let timeLimit = GuardedStatements.timeLimit

    private let statements: GuardedStatements
    /// `nil` where there is no message that commands could belong to.
    private let staging: Staging?

    /// Lends a connection's tables to each of `writes`, in order.
    ///
    /// - Parameter limit: how long all their statements may run.
    /// - Returns: the commands that they staged. They are not in the file.
    /// - Throws: what a closure threw, as `OwnWriteFailure`.
    @discardableResult
    static func run(
        _ writes: [OwnWrite], on connection: Connection, within limit: Duration = timeLimit
    ) throws(OwnWriteFailure) -> [Command] {
        let staging = Staging()
        let failure = GuardedStatements.lend(connection, for: .write, within: limit) { statements -> OwnWriteFailure? in
            for write in writes {
                let result = Result { try write(OwnTables(statements: statements, staging: staging)) }
                if let error = statements.diskTrouble { return .disk(error) }
                guard connection.isInTransaction else { return .transactionEnded }
                if let error = statements.offence { return .handler(error) }
                if case .failure(let error) = result { return .handler(error) }
            }
            return nil
        }
        if let failure { throw failure }
        return staging.commands
    }

    /// Lends a connection's tables to code that handles no message.
    static func lend<T>(_ connection: Connection, _ body: (borrowing OwnTables) throws -> T) rethrows -> T {
        try GuardedStatements.lend(connection, for: .write) { statements in
            try body(OwnTables(statements: statements, staging: nil))
        }
    }

    private init(statements: GuardedStatements, staging: Staging?) {
        self.statements = statements
        self.staging = staging
    }

    /// Runs one statement.
    ///
    /// - Returns: how many rows it changed.
    /// - Throws: ``ConnmixError`` with SQLite's words, also where the statement touches a table of the library; `badData` where the text
    ///   holds more than one statement, and none is run; `timedOut` where it runs on (see ``HandlerContext/write(_:)``).
    @discardableResult
    public borrowing func execute(_ sql: String, _ values: SQLValue...) throws -> Int {
        try statements.execute(sql, values)
    }

    /// Runs one statement and answers its rows.
    ///
    /// - Throws: as `execute`; `badData` where the rows take more than 64 MiB.
    public borrowing func query(_ sql: String, _ values: SQLValue...) throws -> [SQLRow] {
        try query(sql, values)
    }

    borrowing func query(_ sql: String, _ values: [SQLValue]) throws -> [SQLRow] {
        try statements.query(sql, values)
    }

    /// Stages a command that goes into the outbox in this same transaction, after those that the handler staged itself.
    ///
    /// So what the tables say decides what is sent. Where the closure throws, none of its commands exist; where it runs once more, those
    /// of its first run do not.
    ///
    /// - Throws: `badData` where no message is handled, as in ``TrialDatabase/write(_:)``.
    public borrowing func stage(_ command: Command) throws(ConnmixError) {
        guard let staging else {
            throw ConnmixError(.badData, "no message is handled here that a command could belong to; stage it in context.write")
        }
        staging.commands.append(command)
    }
}
