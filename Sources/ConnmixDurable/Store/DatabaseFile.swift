internal import Glibc

/// Opens database files by this project's rules, in whichever role.
struct DatabaseFile: Sendable {
    /// As it was named: for words.
    let path: String
    /// Where it lies: for everything else. Companions lie beside it.
    let real: String

    init(path: String) {
        self.path = path
        // A path that cannot be followed is refused by `checkPath`, before anything is opened.
        real = (try? DatabasePath.real(path)) ?? path
    }

    /// Of new files. Smaller pages cost more per row, larger ones more per commit: against 8 KiB a row costs 1.1 times as much of SQLite's
    /// time, and a commit at everyday load writes half the bytes.
    static let pageSize = 4_096

    /// The connection of the owner. The ownership lock is held already.
    ///
    /// - Parameter group: whose members may use the file, too.
    func openAsOwner(synchronous: Synchronous, group: FileGroup? = nil) throws -> Connection {
        try checkPath(mustExist: false, for: .changes)
        try createPrivately()
        try group?.take(real)
        let connection = try Connection(path: real, mode: .create)
        // Before anything is changed: `PRAGMA journal_mode` would write into another program's file.
        try Migrator(path: path).refuseForeign(connection)
        try connection.execute("PRAGMA page_size = \(Self.pageSize)")
        try configure(connection, synchronous: synchronous)
        try Migrator(path: path).migrate(connection)
        // The log and its index are there now.
        try group?.take(real)
        return connection
    }

    /// A connection for short changes beside a running consumer.
    func openForChanges() throws -> Connection {
        try checkPath(mustExist: true, for: .changes)
        let connection = try Connection(path: real, mode: .write)
        try configure(connection, synchronous: .full)
        try Migrator(path: path).verify(connection)
        return connection
    }

    /// A connection that cannot change anything.
    func openForReading() throws -> Connection {
        try checkPath(mustExist: true, for: .reading)
        do {
            return try reader(.read)
        } catch let error as ConnmixError where error.code == .cannotCreate || error.code == .noPermission {
            if try rollBack() { return try reader(.read) }
            try refuseUnreadableLog()
            guard let frozen = FrozenFile(real) else { throw error }
            let connection = try reader(.frozen)
            connection.frozen = frozen
            return connection
        }
    }

    /// Undoes what somebody left half done who was killed while there was no log yet, as in the first moment of the first start. SQLite
    /// lets nobody do so who only reads (https://sqlite.org/lockingv3.html#rollback).
    ///
    /// - Returns: whether there was a journal to do so with.
    private func rollBack() throws -> Bool {
        var facts = stat()
        guard stat(real + "-journal", &facts) == 0, facts.st_size > 0 else { return false }
        guard access(real, W_OK) == 0, access(DatabasePath.folder(of: real), W_OK) == 0 else {
            throw ConnmixError(
                .noPermission,
                "somebody was killed while it wrote \(path), and that is to be undone first (\(real)-journal), which takes the right to write; run database check as the file's owner"
            )
        }
        try refuseForeign(mustExist: true, for: .reading)
        _ = try Connection(path: real, mode: .write).integer("PRAGMA user_version")
        return true
    }

    /// SQLite needs the log's index, and only says that it cannot open something.
    private func refuseUnreadableLog() throws(ConnmixError) {
        let folder = DatabasePath.folder(of: real)
        guard access(folder, W_OK) != 0, !FrozenFile.logIsEmpty(real), FileIdentity(path: real + "-shm") == nil else { return }
        throw ConnmixError(
            .noPermission,
            "the log of \(path) holds commits, its index \(real)-shm is missing, and none can be made in \(folder); copy the file and its -wal to a folder that can be written, and look at them there"
        )
    }

    private func reader(_ mode: Connection.Mode) throws -> Connection {
        let (database, log) = size()
        guard database > 0 || log > 0 else {
            throw ConnmixError(
                .foreignDatabase,
                "\(path) is an empty file; name a database of connmix-durable, or start a consumer, which makes it one")
        }
        let connection = try Connection(path: real, mode: mode)
        try connection.execute("PRAGMA trusted_schema = OFF; PRAGMA cache_size = -4096")
        try Migrator(path: path).verify(connection)
        return connection
    }

    /// Refuses what belongs to another program or a newer version, before anything is made beside it: no lock, log or index.
    ///
    /// What the log holds is not seen: a file of ours whose log was never moved looks empty, and is looked at again when it is open.
    func refuseForeign(mustExist: Bool, for use: Use) throws {
        try checkPath(mustExist: mustExist, for: use)
        // An empty file is nobody's: what `touch` makes, and what a consumer leaves that was killed in its first moment.
        guard size().database > 0, !wasEmpty else { return }
        let connection = try Connection(path: real, mode: .frozen)
        do {
            _ = try connection.integer("PRAGMA application_id")
        } catch let error as ConnmixError where error.code == .foreignDatabase {
            throw ConnmixError(.foreignDatabase, "\(path) is no SQLite database; name a database of connmix-durable")
        } catch let error as ConnmixError where error.code == .corrupt {
            // As below.
        }
        do {
            try Migrator(path: path).refuseForeign(firstPageOf: connection)
        } catch let error as ConnmixError where error.code == .corrupt {
            // So it looks in the middle of a checkpoint: the first page counts pages that are not there yet. Whoever opens it with its log
            // sees it whole, or says that it is not.
        }
    }

    /// Whether a journal lies beside it by which it is to be made empty again: its first write was cut off. Until SQLite has done so, when
    /// it opens the file, anything may stand in it; a power cut may leave its beginning out, and the rest of the page there.
    ///
    /// The journal's first 20 bytes: its mark, two numbers, and how many pages the file had
    /// (https://sqlite.org/fileformat.html#the_rollback_journal).
    private var wasEmpty: Bool {
        let journal = open(real + "-journal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard journal >= 0 else { return false }
        defer { close(journal) }
        var header = [UInt8](repeating: 0, count: 20)
        guard pread(journal, &header, header.count, 0) == header.count else { return false }
        return header.starts(with: [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]) && header.suffix(4).allSatisfy { $0 == 0 }
    }

    /// The sizes of the file and of its log. Neither is opened.
    func size() -> (database: Int64, log: Int64) {
        func size(_ path: String) -> Int64 {
            var facts = stat()
            return stat(path, &facts) == 0 ? Int64(facts.st_size) : 0
        }
        return (size(real), size(real + "-wal"))
    }

    /// How many bytes may still be written to its file system; `nil` where that is not known. Nothing is opened.
    func freeBytes() -> Int64? {
        var facts = statvfs()
        guard statvfs(real, &facts) == 0 else { return nil }
        let (bytes, isTooMany) = Int64(clamping: facts.f_bavail).multipliedReportingOverflow(by: Int64(clamping: facts.f_frsize))
        return isTooMany ? .max : bytes
    }

    enum Use {
        case changes
        case reading
        /// Saying what is wrong with it; a file with several names will do.
        case judging
    }

    func checkPath(mustExist: Bool, for use: Use) throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw ConnmixError(.invalidConfiguration, "the database's path is empty or has a zero byte; name a file")
        }
        let real = try DatabasePath.real(path)
        try checkLength(real)
        var facts = stat()
        guard lstat(real, &facts) == 0 else {
            if errno == EACCES {
                throw ConnmixError(
                    .noPermission, "\(path) cannot be looked at; check the owner and mode of its folders")
            }
            if mustExist {
                throw ConnmixError(
                    .noSuchDatabase, "there is no database at \(path); name one with --database, or start a consumer first")
            }
            return
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw ConnmixError(.foreignDatabase, "\(path) is not a file; name a file")
        }
        guard facts.st_nlink <= 1 || use == .judging else {
            throw ConnmixError(
                .foreignDatabase,
                "\(path) has \(facts.st_nlink) names (hard links), each of which would have a log and a lock of its own; remove all but one, or make copies with database backup"
            )
        }
        let mustWrite = use == .changes
        guard access(real, R_OK | (mustWrite ? W_OK : 0)) == 0 else {
            let advice = errno == EROFS ? "it lies on a read-only file system" : "check its owner and mode"
            throw ConnmixError(.noPermission, "\(path) cannot be \(mustWrite ? "written" : "read"); \(advice)")
        }
    }

    private func checkLength(_ real: String) throws {
        let name = DatabasePath.name(of: real).utf8.count
        let longest = Int(NAME_MAX) - "-journal".utf8.count
        guard name <= longest else {
            throw ConnmixError(
                .invalidConfiguration,
                "the name of \(path) has \(name) bytes and may have \(longest): longer names lie beside it; name another file")
        }
        guard real.utf8.count <= Self.longestPath else {
            throw ConnmixError(
                .invalidConfiguration,
                "the path \(real) has \(real.utf8.count) bytes, and SQLite takes \(Self.longestPath); choose a shorter one")
        }
    }

    /// `MAX_PATHNAME` of SQLite's os_unix.c, without its zero byte.
    private static let longestPath = 511

    /// SQLite would create the file readable for the group. The log and the shared memory inherit the file's mode.
    ///
    /// Only a file that did not exist is opened here: closing a descriptor of an open database would drop SQLite's locks.
    private func createPrivately() throws {
        let descriptor = open(real, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if errno == EEXIST { return }
            let error = SystemError()
            throw ConnmixError(
                error.code, "cannot create \(path): \(error.text); check that its folder exists and can be written")
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
