internal import Glibc

/// Looks at everything around a database that may go wrong, and changes nothing. `examine` blocks until it is through.
public struct DatabaseDoctor: Sendable {
    private let file: DatabaseFile

    /// Opens nothing: `examine` does.
    ///
    /// - Parameter database: the file's path.
    public init(database: String) {
        file = DatabaseFile(path: database)
    }

    /// Looks, and says what it found. It blocks the calling thread for as long as that takes, a second or so.
    ///
    /// - Throws: `noSuchDatabase`, `noPermission`, and `foreignDatabase` where it is no file. What is wrong with a file that is there
    ///   is in the report.
    public func examine() throws -> HealthReport {
        try file.checkPath(mustExist: true, for: .judging)
        var facts = HealthFacts()
        facts.path = file.path
        (facts.sqliteVersion, facts.sqliteNumber) = (SQLiteLibrary.version, SQLiteLibrary.number)
        facts.isThreadsafe = SQLiteLibrary.isThreadsafe
        surroundings(&facts)
        do {
            try file.refuseForeign(mustExist: true, for: .reading)
            try contents(&facts)
        } catch let error as ConnmixError {
            facts.trouble = error.message
        }
        return HealthReport(facts)
    }

    private func surroundings(_ facts: inout HealthFacts) {
        let path = file.real
        let lock = DatabasePath.lock(of: path)
        facts.fileSystem = FileSystemKind(path: path)
        facts.freeBytes = file.freeBytes()
        (facts.bytes, facts.walBytes) = file.size()
        facts.files = ([""] + DatabasePath.companions).compactMap { FileFacts(path + $0) }
        facts.hasLockFile = FileFacts(lock) != nil
        facts.user = getuid()
        facts.owner = FileLock.currentOwner(database: path)?.pid
        let users = FileFacts.users(of: path)
        facts.openIn = users.named.subtracting([getpid()])
        facts.openRemoved = users.removed.subtracting([getpid()])
        facts.lockRemoved = FileFacts.users(of: lock).removed.subtracting([getpid()])
        facts.stopped = facts.openIn.filter(FileFacts.isStopped)
        (facts.isCheckpointStuck, facts.isCheckpointHeld) = FileLock.checkpointHolds(database: path, for: .seconds(1))
    }

    private func contents(_ facts: inout HealthFacts) throws {
        let connection = try file.openForReading()
        facts.isFrozen = connection.frozen != nil
        facts.journalMode = try connection.text("PRAGMA journal_mode")
        facts.pageSize = try connection.integer("PRAGMA page_size")
        facts.encoding = try connection.text("PRAGMA encoding")
        if let log = connection.log() {
            facts.logReaders = LogReaders.old(database: file.path, log).filter { $0 != getpid() }
        }
        facts.newestRow = try RunTable.newestTime(connection)
        facts.now = Clock.now()
        facts.newestRun = try connection.prepare(
            "SELECT pid, ended_at IS NOT NULL, clean FROM run WHERE id > 0 ORDER BY id DESC LIMIT 1"
        ).first { HealthFacts.Run(pid: Int32(clamping: $0.int(0)), isEnded: $0.int(1) != 0, isClean: $0.int(2) != 0) }
        try connection.prepare("SELECT pid, started_at FROM run WHERE ended_at IS NULL ORDER BY id DESC LIMIT 100").forEach {
            row in
            let pid = Int32(clamping: row.int(0))
            if LivingProcess.mayHaveActed(pid, at: row.int(1)) { facts.openRuns.insert(pid) }
        }
        let run = try RunTable.newest(connection)
        facts.synchronous = run?.synchronous
        if facts.owner != nil {
            let account = try RunTable.account(connection, of: run?.id)
            facts.paused = RunTable.paused(FileLock.pause(database: file.path), account: account?.paused)
            if let json = account?.workJSON { facts.work = try AccountText.work(json) }
        }
        facts.pausesByHand = try Pauses.list(connection)
        facts.parkedLanes = Int(try connection.integer("SELECT count(*) FROM parked_lane"))
    }
}
