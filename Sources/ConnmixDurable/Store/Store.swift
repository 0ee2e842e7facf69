internal import Synchronization

/// The database of a running consumer: its ownership, its writer, and a reader.
final class Store: Sendable {
    let path: String
    let writer: Writer
    let synchronous: Synchronous
    let lock: FileLock
    private let reader = Mutex<Connection?>(nil)

    /// Takes ownership of the file at `path`, creating or migrating it where needed.
    ///
    /// - Throws: `busy` with the owner's process id where another consumer has it, and what `DatabaseFile` and `Migrator` say.
    init(
        path: String,
        synchronous: Synchronous = .full,
        onTrouble: @escaping @Sendable (ConnmixError) -> Void = { _ in },
        onLog: @escaping @Sendable (LogKeeper.News?, _ bytes: Int64, _ why: String) -> Void = { _, _, _ in }
    ) throws {
        self.path = path
        self.synchronous = synchronous
        // Looked at first: no lock file should appear beside something that is no database.
        try DatabaseFile(path: path).checkPath(mustExist: false)
        let lock = try FileLock(database: path)
        try lock.takeOwnership()
        self.lock = lock
        do {
            let file = DatabaseFile(path: path)
            writer = try Writer(lock: lock, file: file, onTrouble: onTrouble, onLog: onLog) {
                try file.openAsOwner(synchronous: synchronous)
            }
        } catch {
            lock.releaseOwnership()
            throw error
        }
    }

    /// Reads with a connection that can do nothing else. Blocks the calling thread; keep it short, so that the log can shrink.
    func read<T: Sendable>(_ body: (Connection) throws -> T) throws -> T {
        try reader.withLock { cached in
            let connection = try cached ?? DatabaseFile(path: path).openForReading()
            cached = connection
            return try body(connection)
        }
    }

    /// Says beside the file why nothing is taken, or that it is: a row cannot be written while the disk is full.
    func show(paused reason: String?) {
        lock.show(paused: reason)
    }

    /// Commits what waits, checkpoints, and gives the file free.
    func close() async {
        await writer.stop()
        reader.withLock { $0 = nil }
        lock.releaseOwnership()
    }
}

/// The same file for everybody else: the command line, a web server that enqueues.
final class SharedStore: Sendable {
    let path: String
    /// Idle, and open for as long as this lives. Where no consumer runs, the first connection of all has to go over the whole log
    /// ("WAL recovery", https://sqlite.org/walformat.html#recovery); with this one open, the next ones are not the first.
    private let anchor: Mutex<Connection>
    /// How long changes took.
    let clock = WriteClock()

    init(path: String) throws {
        self.path = path
        anchor = Mutex(try DatabaseFile(path: path).openForReading())
    }

    /// The consumer that owns the file now, if one does.
    func owner() -> (pid: Int32, since: Int64)? {
        FileLock.currentOwner(database: path)
    }

    /// What the owner says beside the file of whether it takes messages.
    func pause() -> (isKnown: Bool, reason: String?) {
        FileLock.pause(database: path)
    }

    /// How large the database and its log are, in bytes. The files are not opened.
    func size() -> (database: Int64, log: Int64) {
        DatabaseFile(path: path).size()
    }

    func read<T>(_ body: (Connection) throws -> T) throws -> T {
        try body(DatabaseFile(path: path).openForReading())
    }

    /// One short immediate transaction, never during a checkpoint of the owner. Where there is no owner, it looks after the log.
    ///
    /// - Parameter changes: what `body` changes that a running consumer must see.
    func write<T>(_ changes: ChangeMark, _ body: (Transaction) throws -> T) throws -> T {
        let transaction = Transaction(try DatabaseFile(path: path).openForChanges())
        // The lock file only now: reading must not need to write beside the database.
        let lock = try FileLock(database: path)
        var before: LogFacts?
        let result = try clock.measure { began in
            try lock.committing(within: .seconds(5)) {
                try transaction.run { transaction in
                    began()
                    before = transaction.connection.log()
                    try changes.count(transaction)
                    return try body(transaction)
                }
            }
        }
        if let before { keepLogShort(lock, transaction.connection, before: before) }
        return result
    }

    /// What was committed is committed, whatever becomes of this: where it fails, the next writer or owner does it.
    private func keepLogShort(_ lock: FileLock, _ connection: Connection, before: LogFacts) {
        guard let after = connection.log(), LogKeeper.isDue(before: before, after: after) else { return }
        _ = try? lock.checkpointingWithoutOwner(within: .milliseconds(500)) { try connection.checkpoint(truncate: false) }
    }
}
