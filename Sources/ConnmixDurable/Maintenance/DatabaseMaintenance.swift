/// Keeps a database file in order: its schema, its soundness, copies of it, its size.
///
/// ```swift
/// let maintenance = DatabaseMaintenance(database: "orders.sqlite3")
/// try maintenance.backup(to: "/backup/orders.sqlite3")
/// ```
///
/// `info`, `check` and `backup` work beside a running consumer; `migrate` and `vacuum` take the file for themselves.
/// Every method blocks the calling thread until it is through.
public struct DatabaseMaintenance: Sendable {
    /// How far long work is.
    public struct Progress: Sendable, Equatable {
        /// What is being done.
        public let step: String
        /// Of `total`, in the unit of the step; never more.
        public let done: Int
        /// How much there is to do in all. It may change while the work goes on.
        public let total: Int
    }

    /// Told how far long work is. What it throws ends the work, leaves nothing half done, and is thrown on.
    public typealias Watcher = (Progress) throws -> Void

    /// The database file, as it was given.
    public let path: String
    /// So many bytes the log may grow by while one table is checked beside a consumer.
    var checkLogLimit: Int64 = 64 << 20

    /// Opens nothing: each method does.
    ///
    /// - Parameter database: the file's path.
    public init(database: String) {
        path = database
    }

    /// Whether a process holds the file's lock as its owner at this moment. Asks only the lock, and so works with a file of any version.
    package var isOwned: Bool { FileLock.currentOwner(database: path) != nil }

    var file: DatabaseFile { DatabaseFile(path: path) }

    /// What the file is and how it is used.
    ///
    /// - Throws: `noSuchDatabase`; `foreignDatabase`, `newerDatabase` or `olderDatabase` where this version cannot read it.
    public func info() throws -> DatabaseInfo {
        try file.refuseForeign(mustExist: true, for: .reading)
        let connection = try file.openForReading()
        let size = file.size()
        return DatabaseInfo(
            path: path, bytes: size.database, walBytes: size.log, freeBytesOnDisk: file.freeBytes(),
            pageSize: Int(try connection.integer("PRAGMA page_size")), pages: Int(try connection.integer("PRAGMA page_count")),
            freePages: Int(try connection.integer("PRAGMA freelist_count")),
            schemaVersion: try connection.integer("PRAGMA user_version"),
            migrations: try Migrator(path: path).applied(connection).map {
                .init(version: $0.version, name: $0.name, appliedAt: $0.at)
            },
            ownTables: try TableGuard.ownTables(connection), sqliteVersion: SQLiteLibrary.version)
    }

    /// Brings the file to the schema of this version.
    ///
    /// - Returns: the schema's version before, and the names of the migrations that were applied.
    /// - Throws: `busy` where a consumer owns the file; `newerDatabase` or `foreignDatabase`, and nothing was changed.
    public func migrate() throws -> (from: Int64, applied: [String]) {
        try owning { _ in
            // One that can write: a first start that was killed may have left a journal to roll back.
            let before = try Connection(path: file.real, mode: .write).integer("PRAGMA user_version")
            let connection = try file.openAsOwner(synchronous: .full)
            return (before, try Migrator(path: path).applied(connection).filter { $0.version > before }.map(\.name))
        }
    }

    /// Writes the file anew without its unused pages, and empties the log.
    ///
    /// - Returns: its bytes before and after, those of the log included: rows may be there only.
    /// - Throws: `busy` where a consumer owns the file; `diskFull`, before anything is done, where twice the used space is not free.
    public func vacuum(_ watcher: Watcher = { _ in }) throws -> (before: Int64, after: Int64) {
        try file.refuseForeign(mustExist: true, for: .changes)
        _ = try file.openForReading()
        return try owning { lock in
            let connection = try file.openAsOwner(synchronous: .full)
            let before = file.size().database + file.size().log
            let used = try connection.usedBytes()
            // A whole copy stands in a temporary file, and once more in the log, before the file itself is written.
            if let free = file.freeBytes(), free < 2 * used + Self.margin {
                throw ConnmixError(
                    .diskFull,
                    "rewriting \(path) needs \(2 * used + Self.margin) bytes beside it and \(free) are free; free some space, or back up and restore onto a larger disk"
                )
            }
            try lock.checkpointing(within: .seconds(5)) {
                let temporary = DatabasePath.folder(of: file.real).replacing("'", with: "''")
                try connection.execute("PRAGMA temp_store = FILE; PRAGMA temp_store_directory = '\(temporary)'")
                defer { try? connection.execute("PRAGMA temp_store_directory = ''") }  // a setting of this process only
                // SQLite does not say how far it is; what it writes back goes through the log.
                let total = max(1, Int(used >> 20))
                let look = {
                    let done = min(total, Int(file.size().log >> 20))
                    try watcher(Progress(step: "rewriting, MiB", done: done, total: total))
                }
                try connection.watched(by: look) {
                    try connection.execute("VACUUM")
                }
                try connection.checkpoint(truncate: true)
            }
            return (before, file.size().database + file.size().log)
        }
    }

    private static let margin: Int64 = 16 << 20

    /// Runs `body` as the owner of the file.
    func owning<T>(_ body: (FileLock) throws -> T) throws -> T {
        try file.refuseForeign(mustExist: true, for: .changes)
        let lock = try FileLock(database: path)
        let before = try lock.takeOwnership()
        Predecessor.wait(file.real, before: before)
        defer { lock.releaseOwnership() }
        return try body(lock)
    }
}

/// What a database file is.
public struct DatabaseInfo: Sendable {
    /// A migration that the file has.
    public struct AppliedMigration: Sendable, Equatable {
        /// Its number, counted from 1.
        public let version: Int64
        /// The name of its file, such as `0001_foundation.sql`.
        public let name: String
        /// Microseconds since 1970.
        public let appliedAt: Int64
    }

    /// The file, as it was given.
    public let path: String
    /// The file's size on disk, without its log.
    public let bytes: Int64
    /// The size of its log, the file beside it that ends in `-wal`; 0 where there is none.
    public let walBytes: Int64
    /// On its file system; `nil` where that is not known.
    public let freeBytesOnDisk: Int64?
    /// In bytes.
    public let pageSize: Int
    /// How many pages the file has, the free ones included.
    public let pages: Int
    /// Pages that hold nothing. New rows use them; `vacuum` gives them back.
    public let freePages: Int
    /// The number of the newest migration that was applied to it.
    public let schemaVersion: Int64
    /// Every migration that the file has, oldest first.
    public let migrations: [AppliedMigration]
    /// The tables that handlers made.
    public let ownTables: [String]
    /// The version of the SQLite that this process uses, such as `3.46.1`.
    public let sqliteVersion: String
}
