/// The database of a running consumer: its ownership, its writer, and a reader.
final class Store: Sendable {
    let path: String
    /// Where the path led at the start. A link that leads elsewhere later is another file's.
    let file: DatabaseFile
    let writer: Writer
    let synchronous: Synchronous
    /// What the names of the files must lead to from now on.
    let files: OpenFiles
    let lock: FileLock
    /// For handlers.
    let reading: ReadingPool
    private let reader = Locked<Connection?>(nil)

    /// Takes ownership of the file at `path`, creating or migrating it where needed.
    ///
    /// - Parameters:
    ///   - group: whose members may use the file, too.
    ///   - thread: runs the writer.
    /// - Throws: `busy` with the owner's process id where another consumer has it, and what `DatabaseFile` and `Migrator` say.
    init(
        path: String,
        synchronous: Synchronous = .full,
        group: FileGroup? = nil,
        thread: any WriterThread = OwnThread(),
        onTrouble: @escaping @Sendable (ConnmixError) -> Void = { _ in },
        onLog: @escaping @Sendable (LogKeeper.News?, _ bytes: Int64, _ why: String) -> Void = { _, _, _ in }
    ) throws {
        self.path = path
        self.synchronous = synchronous
        let file = DatabaseFile(path: path)
        self.file = file
        reading = ReadingPool(file: file)
        // Looked at first: no lock file should appear beside something that is no database, or another program's.
        try file.refuseForeign(mustExist: false, for: .changes)
        let lock = try FileLock(database: file.real)
        let before = try lock.takeOwnership()
        self.lock = lock
        do {
            Predecessor.wait(file.real, before: before)
            writer = try Writer(lock: lock, file: file, thread: thread, onTrouble: onTrouble, onLog: onLog) {
                try file.openAsOwner(synchronous: synchronous, group: group)
            }
            guard let files = OpenFiles(database: file.real, lock: lock) else {
                throw ConnmixError(.fileLost, "\(path) was removed while it was opened; start again")
            }
            self.files = files
        } catch {
            lock.releaseOwnership()
            throw error
        }
    }

    /// Reads with a connection that can do nothing else. Blocks the calling thread; keep it short, so that the log can shrink.
    func read<T: Sendable>(_ body: (Connection) throws -> T) throws -> T {
        try reader.withLock { cached in
            let connection = try cached ?? file.openForReading()
            cached = connection
            return try body(connection)
        }
    }

    /// Says beside the file why nothing is taken, or that it is: a row cannot be written while the disk is full.
    func show(paused reason: String?) {
        lock.show(paused: reason)
    }

    /// Another file has the database's or the log's name: what is moved from the log would be of another history.
    func forbidCheckpoints() {
        lock.isVoid.withLock { $0 = true }
    }

    /// Commits what waits, checkpoints, and gives the file free.
    ///
    /// - Returns: whether that is done. Where the disk does not answer within `limit`, the file stays owned until it does, or the process
    ///   ends: what is on its way to it may still arrive.
    @discardableResult
    func close(within limit: Duration? = nil) async -> Bool {
        let isClosed = await writer.stop(within: limit)
        reading.close()
        reader.withLock { $0 = nil }
        if isClosed { lock.releaseOwnership() }
        return isClosed
    }
}

/// The same file for everybody else: the command line, a web server that enqueues.
final class SharedStore: Sendable {
    let path: String
    /// Where the path led at the start.
    private let file: DatabaseFile
    /// Idle, and open for as long as this lives. Where no consumer runs, the first connection of all has to go over the whole log
    /// ("WAL recovery", https://sqlite.org/walformat.html#recovery); with this one open, the next ones are not the first.
    private let anchor: Locked<Connection>
    /// How long changes took.
    let clock = WriteClock()

    init(path: String) throws {
        self.path = path
        file = DatabaseFile(path: path)
        try file.refuseForeign(mustExist: true, for: .reading)
        anchor = Locked(try file.openForReading())
    }

    /// The consumer that owns the file now, if one does.
    func owner() -> (pid: Int32, since: Int64)? {
        FileLock.currentOwner(database: file.real)
    }

    /// What the owner says beside the file of whether it takes messages.
    func pause() -> (isKnown: Bool, reason: String?) {
        FileLock.pause(database: file.real)
    }

    /// How large the database and its log are, in bytes. The files are not opened.
    func size() -> (database: Int64, log: Int64) {
        file.size()
    }

    func read<T>(_ body: (Connection) throws -> T) throws -> T {
        let connection = try file.openForReading()
        let result = Result { try body(connection) }
        // A file that was written meanwhile may look damaged, too.
        try connection.frozen?.verify()
        return try result.get()
    }

    /// One short immediate transaction, never during a checkpoint of the owner. Where there is no owner, it looks after the log.
    ///
    /// - Parameter changes: what `body` changes that a running consumer must see.
    /// - Throws: `fileLost` where the name leads to another file afterwards: what was written may be in one that nobody has any more.
    func write<T>(_ changes: ChangeMark, _ body: (Transaction) throws -> T) throws -> T {
        let identity = FileIdentity(path: file.real)
        let transaction = Transaction(try file.openForChanges())
        // The lock file only now: reading must not need to write beside the database.
        let lock = try FileLock(database: file.real)
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
        guard identity == FileIdentity(path: file.real) else {
            throw ConnmixError(
                .fileLost,
                "\(path) was removed or replaced while it was written; what was just written may not be in it; look, and do it again"
            )
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
