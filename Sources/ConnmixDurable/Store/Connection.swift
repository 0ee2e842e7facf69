internal import CSQLite
internal import Glibc

/// One SQLite connection, confined to one thread at a time.
final class Connection {
    enum Mode {
        /// Reads and writes; creates the file where it is missing.
        case create
        /// Reads and writes a file that exists.
        case write
        case read
        /// Reads a file that nobody changes: without its log, without locks, and with nothing made beside it.
        case frozen
    }

    /// For the other types of this room.
    let handle: OpaquePointer
    private var statements: [UnsafePointer<UInt8>: Statement] = [:]
    private let guardCell: UnsafeMutablePointer<TableGuard>
    private let busyTimeout: Int
    /// Of the batch of rows that is being inserted.
    private(set) lazy var scratch = RowBatch.Scratch()

    /// What was read holds only while this does, where it is set.
    var frozen: FrozenFile?

    /// While it is set, statements are prepared for a handler: see `TableGuard`.
    var guarded: GuardedClosure? {
        get { guardCell.pointee.closure }
        set { guardCell.pointee.closure = newValue }
    }

    /// What the next statement changes is not known yet.
    func beginGuardedStatement() { guardCell.pointee.beginStatement() }

    /// Whether the guarded statement that was prepared last gives something another name.
    var hasRenamed: Bool { guardCell.pointee.hasRenamed }

    /// - Parameter busyTimeout: how many milliseconds to spin for another process's lock before `busy` is thrown.
    init(path: String, mode: Mode, busyTimeout: Int = 5_000) throws(ConnmixError) {
        // Once for the process and before the library is initialised; later calls change nothing.
        _ = Self.memoryStatisticsDisabled
        var opened: OpaquePointer?
        let access =
            switch mode {
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .write: SQLITE_OPEN_READWRITE
            case .read: SQLITE_OPEN_READONLY
            case .frozen: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        let name = mode == .frozen ? Self.frozenURI(path) : path
        let result = sqlite3_open_v2(name, &opened, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard result == SQLITE_OK, let opened else {
            defer { sqlite3_close_v2(opened) }
            throw .sqlite(result, opened, doing: "opening \(path)")
        }
        // SQLite opens for reading only what it cannot open for both, and tells nobody before the first change.
        guard mode == .read || mode == .frozen || sqlite3_db_readonly(opened, "main") == 0 else {
            sqlite3_close_v2(opened)
            throw Glibc.access(path, W_OK) == 0
                ? ConnmixError(.inputOutput, "opening \(path): it could be opened for reading only; check the disk")
                : ConnmixError(
                    .noPermission, "opening \(path): it cannot be written; check the owner and mode of file and folder")
        }
        handle = opened
        self.busyTimeout = busyTimeout
        guardCell = .allocate(capacity: 1)
        guardCell.initialize(to: TableGuard())
        csqlite_disable_checkpoint_on_close(handle)
        csqlite_set_defensive(handle, 1)
        waitForOthers(busyTimeout)
        installGuard()
    }

    /// Spins for another process's lock, from now on.
    ///
    /// - Parameter milliseconds: for how long. SQLite's own timeout sleeps in steps that are too long to meet a gap between busy readers.
    private func waitForOthers(_ milliseconds: Int) {
        sqlite3_busy_handler(
            handle,
            { limit, spins in
                // Fine steps, so that a waiting process is not starved by a writer that commits back to back.
                let waited = Int(spins) * 500
                guard waited < Int(bitPattern: limit) * 1_000 else { return 0 }
                usleep(spins < 10 ? 100 : 500)
                return 1
            }, UnsafeMutableRawPointer(bitPattern: milliseconds))
    }

    /// The only way to say so (https://sqlite.org/uri.html). Every byte that may mean something in it is escaped.
    private static func frozenURI(_ path: String) -> String {
        var uri = "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                uri.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                uri += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return uri + "?immutable=1"
    }

    /// Begins to write.
    ///
    /// - Parameter ask: called once where others keep it waiting, so that they let it go first. SQLite knows no turns: who commits without
    ///   a pause gets the lock again and again.
    func begin(asking ask: (() -> Void)? = nil) throws(ConnmixError) {
        guard let ask else { return try run("BEGIN IMMEDIATE") }
        waitForOthers(Self.patience)
        defer { waitForOthers(busyTimeout) }
        do {
            return try run("BEGIN IMMEDIATE")
        } catch  where error.code == .busy {
            ask()
        }
        waitForOthers(busyTimeout)
        try run("BEGIN IMMEDIATE")
    }

    /// How long the owner waits for others before it asks for its turn, in milliseconds.
    private static let patience = 5

    private static let memoryStatisticsDisabled: Bool = csqlite_disable_memory_statistics() == SQLITE_OK

    deinit {
        statements.removeAll()
        sqlite3_close_v2(handle)
        guardCell.deallocate()
    }

    /// Lets `TableGuard` judge statements while `guarded` is set.
    private func installGuard() {
        sqlite3_set_authorizer(
            handle,
            { cell, action, first, second, _, _ in
                guard let tables = cell?.assumingMemoryBound(to: TableGuard.self), tables.pointee.closure != nil else {
                    return SQLITE_OK
                }
                let permitted = tables.pointee.permits(
                    action: action, first: first.map { String(cString: $0) }, second: second.map { String(cString: $0) })
                return permitted ? SQLITE_OK : SQLITE_DENY
            }, guardCell)
    }

    /// The prepared form of a statement that stands in the source, prepared once.
    func statement(_ sql: StaticString) throws(ConnmixError) -> Statement {
        if let known = statements[sql.utf8Start] { return known }
        let text = UnsafeBufferPointer(start: sql.utf8Start, count: sql.utf8CodeUnitCount)
        let statement = try Statement(text, on: handle, persistent: true)
        statements[sql.utf8Start] = statement
        return statement
    }

    /// Prepares a statement whose text is put together at run time. Values never belong in the text.
    func prepare(_ sql: String) throws -> Statement {
        try sql.lend { try Statement($0, on: handle, persistent: false, in: guarded) }
    }

    /// Lets `body` change the text of the schema, which is forbidden otherwise. For migrations.
    func withWritableSchema<T>(_ body: () throws -> T) rethrows -> T {
        csqlite_set_defensive(handle, 0)
        defer { csqlite_set_defensive(handle, 1) }
        return try body()
    }

    /// Runs one or more statements that take no values.
    func execute(_ sql: String) throws(ConnmixError) {
        let result = sqlite3_exec(handle, sql, nil, nil, nil)
        guard result == SQLITE_OK else { throw .sqlite(result, handle, doing: "running \"\(sql.bounded(toBytes: 80))\"") }
    }

    func run(_ sql: StaticString) throws(ConnmixError) {
        try statement(sql).run()
    }

    /// How many rows the last INSERT, UPDATE or DELETE touched.
    var changes: Int { Int(sqlite3_changes64(handle)) }

    var lastInsertedID: Int64 { sqlite3_last_insert_rowid(handle) }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Calls `look` now and then while `body` runs statements. What it throws ends the statement and is thrown on.
    func watched<T>(by look: () throws -> Void, _ body: () throws -> T) throws -> T {
        try withoutActuallyEscaping(look) { look in
            let watch = Watch(look)
            sqlite3_progress_handler(
                handle, 50_000, { $0.map { Unmanaged<Watch>.fromOpaque($0).takeUnretainedValue().mustEnd ? 1 : 0 } ?? 0 },
                Unmanaged.passUnretained(watch).toOpaque())
            defer { sqlite3_progress_handler(handle, 0, nil, nil) }
            return try withExtendedLifetime(watch) {
                do {
                    return try body()
                } catch {
                    throw watch.error ?? error
                }
            }
        }
    }

    private final class Watch {
        private let look: () throws -> Void
        private(set) var error: (any Error)?

        init(_ look: @escaping () throws -> Void) {
            self.look = look
        }

        var mustEnd: Bool {
            do {
                try look()
            } catch {
                self.error = error
            }
            return error != nil
        }
    }

    /// What the system answered to the last call on the file or its log that failed since this was asked. SQLite's own words may be of
    /// damage where the disk did not answer.
    func takeDiskError() -> SystemError? {
        let number = csqlite_take_disk_error(handle)
        return number == 0 ? nil : SystemError(number)
    }

    /// Changes whenever another connection committed.
    func dataVersion() throws -> Int64 {
        try statement("PRAGMA data_version").first { $0.int(0) } ?? 0
    }

    /// SQLite's JSON functions end a statement where their text is none.
    ///
    /// - Parameter what: where it stands, for people.
    /// - Throws: `corrupt`.
    func checkJSON(_ json: String, _ what: @autoclosure () -> String) throws {
        let select = try statement("SELECT json_valid(?1)")
        select.bind(1, json)
        guard try select.first({ $0.int(0) != 0 }) == true else {
            throw ConnmixError(.corrupt, "\(what()) is unreadable; restore a backup")
        }
    }

    func integer(_ sql: String) throws -> Int64 {
        try prepare(sql).first { $0.int(0) } ?? 0
    }

    func text(_ sql: String) throws -> String {
        try prepare(sql).first { $0.text(0) } ?? ""
    }

    /// What the log holds now, whoever wrote it. Only after a statement has run on this connection.
    func log() -> LogFacts? {
        var log = csqlite_log()
        guard csqlite_read_log(handle, &log) == 1 else { return nil }
        let marks = withUnsafeBytes(of: log.marks) { Array($0.bindMemory(to: UInt32.self)) }
        return LogFacts(pages: Int(log.pages), moved: Int(log.moved), marks: marks)
    }

    /// Moves the log's pages into the database file. Only under the checkpoint lock (`FileLock.checkpointing`).
    ///
    /// - Returns: whether all of them were moved: the log is overwritten from its start by the next commit, unless a reader
    ///   still looks at it.
    @discardableResult
    func checkpoint(truncate: Bool) throws(ConnmixError) -> Bool {
        let mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        var pages: Int32 = 0
        var moved: Int32 = 0
        let result = sqlite3_wal_checkpoint_v2(handle, nil, mode, &pages, &moved)
        switch result & 0xFF {
        case SQLITE_OK, SQLITE_BUSY, SQLITE_LOCKED: return pages >= 0 && moved == pages
        default: throw .sqlite(result, handle, doing: "checkpointing")
        }
    }

    /// Moves the log's pages, and lets readers that look at it leave, so that the next commit overwrites it from its start.
    ///
    /// Where many open the file for a moment each, one of them is there nearly always, and the log would only grow. Whoever begins to read
    /// once all is moved does not need the log. Where one stays for longer, what can be moved is moved.
    ///
    /// - Parameter milliseconds: how long to wait for them.
    func startLogOver(within milliseconds: Int) throws(ConnmixError) {
        waitForOthers(milliseconds)
        defer { waitForOthers(busyTimeout) }
        let result = sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_RESTART, nil, nil)
        switch result & 0xFF {
        case SQLITE_OK, SQLITE_BUSY, SQLITE_LOCKED: return
        default: throw .sqlite(result, handle, doing: "checkpointing")
        }
    }

    /// Moves the log's pages and gives the log's room back, where no reader looks at it. Waits for none.
    func shrinkLog() throws(ConnmixError) {
        guard try checkpoint(truncate: false) else { return }
        sqlite3_busy_handler(handle, nil, nil)
        defer { waitForOthers(busyTimeout) }
        try checkpoint(truncate: true)
    }
}
