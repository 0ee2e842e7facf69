internal import Glibc

/// A database for tests: a file as the consumer makes it, by SQLite itself, removed when the last reference to it is gone.
///
/// Give it to a trial whose handlers write tables of their own, or its path to a consumer.
///
/// ```swift
/// let database = try TrialDatabase()
/// let trial = HandlerTrial(handlers, database: database)
/// _ = try await trial.run(Message(topic: "orders", client: "7", json: #"{"id":1,"sku":"x"}"#))
/// #expect(try database.query("SELECT sku FROM orders").map { $0["sku"] } == [.text("x")])
/// ```
public final class TrialDatabase: Sendable {
    /// The file, in a folder of its own.
    public let path: String
    private let folder: String
    private let store: SharedStore
    let reading: ReadingPool

    /// Makes the file, with the library's tables.
    ///
    /// - Throws: `cannotCreate` where it cannot be made in `$TMPDIR` or `/tmp`.
    public init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/connmix-trial-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw ConnmixError(
                .cannotCreate,
                "cannot create a folder in \(parent): \(SystemError().text); set TMPDIR to another")
        }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = folder + "/trial.sqlite3"
        do {
            _ = try DatabaseFile(path: path).openAsOwner(synchronous: .normal)
            store = try SharedStore(path: path)
            reading = ReadingPool(file: DatabaseFile(path: path))
        } catch {
            Self.remove(path, in: folder)
            throw error
        }
    }

    deinit {
        reading.close()
        Self.remove(path, in: folder)
    }

    /// Changes tables, to prepare what handlers expect to find.
    ///
    /// - Throws: what `body` throws; its changes are undone then.
    public func write(_ body: (borrowing OwnTables) throws -> Void) throws {
        try transaction { transaction in
            try OwnTables.lend(transaction.connection) { tables in try body(tables) }
        }
    }

    /// Runs one statement and answers its rows. The library's tables can be read too.
    ///
    /// - Throws: as ``OwnTables/query(_:_:)``.
    public func query(_ sql: String, _ values: SQLValue...) throws -> [SQLRow] {
        try transaction { transaction in
            try OwnTables.lend(transaction.connection) { tables in try tables.query(sql, values) }
        }
    }

    func transaction<T>(_ body: (Transaction) throws -> T) throws -> T {
        try store.write(.records, body)
    }

    private static func remove(_ path: String, in folder: String) {
        for end in [""] + DatabasePath.companions { unlink(path + end) }
        rmdir(folder)
    }
}
