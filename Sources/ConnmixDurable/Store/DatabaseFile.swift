internal import Glibc

/// Opens database files by this project's rules, in whichever role.
struct DatabaseFile: Sendable {
    let path: String

    /// Smaller pages cost more per row, larger ones more per commit.
    static let pageSize = 8_192

    /// The connection of the owner. The ownership lock is held already.
    func openAsOwner(synchronous: Synchronous) throws -> Connection {
        try checkPath(mustExist: false)
        try createPrivately()
        let connection = try Connection(path: path, mode: .create)
        try connection.execute("PRAGMA page_size = \(Self.pageSize)")
        try configure(connection, synchronous: synchronous)
        try Migrator(path: path).migrate(connection)
        return connection
    }

    /// A connection for short changes beside a running consumer.
    func openForChanges() throws -> Connection {
        try checkPath(mustExist: true)
        let connection = try Connection(path: path, mode: .write)
        try configure(connection, synchronous: .full)
        try Migrator(path: path).verify(connection)
        return connection
    }

    /// A connection that cannot change anything.
    func openForReading() throws -> Connection {
        try checkPath(mustExist: true)
        let connection = try Connection(path: path, mode: .read)
        try connection.execute("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -4096")
        try Migrator(path: path).verify(connection)
        return connection
    }

    /// The sizes of the file and of its log. Neither is opened.
    func size() -> (database: Int64, log: Int64) {
        func size(_ path: String) -> Int64 {
            var facts = stat()
            return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
        }
        return (size(path), size(path + "-wal"))
    }

    /// How many bytes may still be written to its file system; `nil` where that is not known. Nothing is opened.
    func freeBytes() -> Int64? {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return nil }
        let (bytes, isTooMany) = Int64(clamping: facts.f_bavail).multipliedReportingOverflow(by: Int64(clamping: facts.f_frsize))
        return isTooMany ? .max : bytes
    }

    func checkPath(mustExist: Bool) throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw ConnmixError(.invalidConfiguration, "the database's path is empty or has a zero byte; name a file")
        }
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            if mustExist {
                throw ConnmixError(
                    .noSuchDatabase, "there is no database at \(path); name one with --database, or start a consumer first")
            }
            return
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw ConnmixError(.foreignDatabase, "\(path) is not a file; name a file")
        }
        guard access(path, R_OK | (mustExist ? 0 : W_OK)) == 0 else {
            throw ConnmixError(
                .noPermission, "\(path) cannot be \(mustExist ? "read" : "written"); check its owner and mode")
        }
    }

    /// SQLite would create the file readable for the group. The log and the shared memory inherit the file's mode.
    ///
    /// Only a file that did not exist is opened here: closing a descriptor of an open database would drop SQLite's locks.
    private func createPrivately() throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            let code: ConnmixError.Code =
                switch errno {
                case EACCES, EPERM, EROFS: .noPermission
                case ENOSPC: .diskFull
                default: .cannotCreate
                }
            throw ConnmixError(
                code,
                "cannot create \(path): \(String(cString: strerror(errno))); check that its folder exists and can be written")
        }
        close(descriptor)
    }

    private func configure(_ connection: Connection, synchronous: Synchronous) throws {
        let mode = try connection.text("PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw ConnmixError(
                .cannotCreate, "\(path) cannot use a write-ahead log (mode \(mode)); put it on a local file system")
        }
        let wanted: [(name: String, value: Int64)] = [
            ("synchronous", synchronous.pragma),
            ("wal_autocheckpoint", 0),
            ("journal_size_limit", LogKeeper.bound),
            ("secure_delete", 0),
            ("trusted_schema", 0),
            ("temp_store", 2),
            ("cache_size", -8_192),
        ]
        for pragma in wanted {
            try connection.execute("PRAGMA \(pragma.name) = \(pragma.value)")
            let found = try connection.integer("PRAGMA \(pragma.name)")
            guard found == pragma.value else {
                throw ConnmixError(
                    .foreignDatabase,
                    "SQLite took \(found) for pragma \(pragma.name) and not \(pragma.value); use Debian's library")
            }
        }
    }
}
