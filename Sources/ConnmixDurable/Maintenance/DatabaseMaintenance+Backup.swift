internal import Glibc

extension DatabaseMaintenance {
    /// What a backup is.
    public struct BackupReport: Sendable {
        /// The copy's path, as it was given.
        public let path: String
        /// The copy's size on disk.
        public let bytes: Int64
        /// How long one snapshot of the source was held, during which its log could not start over.
        public let held: Duration
        /// From the call until the copy had its name, its check included.
        public let took: Duration
    }

    /// Copies the file beside a running consumer, checks the copy, and gives it its name.
    ///
    /// The copy is what the file was at one moment. It is written under a temporary name with mode 0600; nothing has the name before
    /// the copy is on disk and was found sound. Then it has the file's mode and, as far as this process may give it away, its owner.
    ///
    /// - Parameters:
    ///   - target: the copy's path.
    ///   - replacing: whether a file that has the name is replaced; never one that a consumer uses.
    ///   - logLimit: bytes that the source's log may grow by meanwhile; by default as many as the file has, and at least 1 GiB.
    ///   - watcher: told how far the copy is, on the calling thread.
    /// - Throws: `cannotCreate` where the name is taken; `corrupt` where the copy is not sound; `busy` where the log grew too far;
    ///   errors of the disk. Nothing has the name then that had it not before.
    @discardableResult
    public func backup(
        to target: String, replacing: Bool = false, logLimit: Int64? = nil, _ watcher: Watcher = { _ in }
    ) throws -> BackupReport {
        try backup(to: target, replacing: replacing, logLimit: logLimit, watcher) { _ in }
    }

    /// - Parameter prepare: changes the copy before it is checked and has its name. Nobody else knows it then.
    func backup(
        to target: String, replacing: Bool, logLimit: Int64?, _ watcher: Watcher, prepare: (DatabaseFile) throws -> Void
    ) throws -> BackupReport {
        let start = ContinuousClock.now
        try file.refuseForeign(mustExist: true, for: .reading)
        let source = try file.openForReading()
        try checkTarget(target, replacing: replacing)
        try checkSpace(target, try source.integer("PRAGMA page_count") * source.integer("PRAGMA page_size"))
        let copy = try PrivateFile(beside: target)
        do {
            let log = LogWatch(file, limit: logLimit ?? max(1 << 30, file.size().database))
            let copied = try BackupCopy(source: source).copy(to: copy) { done, total in
                try watcher(Progress(step: "copying", done: done, total: total))
                try log.check()
            }
            try source.frozen?.verify()
            try prepare(DatabaseFile(path: copy.path))
            try copy.sync()
            let check = try DatabaseMaintenance(database: copy.path).check(watcher)
            if let problem = check.problems.first {
                throw ConnmixError(
                    .corrupt, "the copy of \(path) is not sound and was thrown away: \(problem); run database check on \(path)")
            }
            let bytes = DatabaseFile(path: copy.path).size().database
            try checkTarget(target, replacing: replacing)
            copy.adopt(from: file.real)
            try copy.move(to: target, replacing: replacing)
            return BackupReport(path: target, bytes: bytes, held: copied.held, took: .now - start)
        } catch let error as LogWatch.TooLong {
            copy.remove()
            throw ConnmixError(
                .busy,
                "the log of \(path) grew by \(error.growth) bytes while it was copied, and the copy was given up; try when less is written, or raise --log-limit"
            )
        } catch {
            copy.remove()
            throw error
        }
    }

    private func checkTarget(_ target: String, replacing: Bool) throws {
        guard !target.isEmpty, !target.utf8.contains(0) else {
            throw ConnmixError(.invalidConfiguration, "the backup's path is empty or has a zero byte; name a file")
        }
        try checkCompanions(target)
        var there = stat()
        if lstat(target, &there) == 0 {
            guard there.st_mode & S_IFMT != S_IFLNK else {
                throw ConnmixError(
                    .cannotCreate, "\(target) is a symbolic link, which a copy would replace; name the file itself")
            }
            guard there.st_mode & S_IFMT == S_IFREG else {
                throw ConnmixError(.cannotCreate, "\(target) is not a file; name a file")
            }
            guard FileIdentity(path: file.real) != FileIdentity(there) else {
                throw ConnmixError(.cannotCreate, "\(target) is the database itself; name another file")
            }
            guard replacing else {
                throw ConnmixError(.cannotCreate, "\(target) exists; name another file, or replace it with --force")
            }
        }
        if let owner = FileLock.currentOwner(database: target) {
            throw ConnmixError(.busy, "\(target) is used by a consumer, process \(owner.pid); name another file")
        }
        // SQLite would take a log that was left behind for the copy's own.
        guard DatabaseFile(path: target).size().log == 0 else {
            throw ConnmixError(
                .cannotCreate, "\(target)-wal is there and belongs to another database; name another file, or move it away")
        }
    }

    /// The names that the database uses are not free, whether something has them just now or not.
    private func checkCompanions(_ target: String) throws {
        let isSameFolder =
            FileIdentity(path: DatabasePath.folder(of: target)) == FileIdentity(path: DatabasePath.folder(of: file.real))
        let name = DatabasePath.name(of: file.real)
        guard isSameFolder else { return }
        for end in DatabasePath.companions where DatabasePath.name(of: target).utf8.elementsEqual((name + end).utf8) {
            throw ConnmixError(.cannotCreate, "\(target) is a name that \(path) itself uses; name another file")
        }
    }

    private func checkSpace(_ target: String, _ bytes: Int64) throws {
        guard let free = DatabaseFile(path: DatabasePath.folder(of: target)).freeBytes(), free < bytes else { return }
        throw ConnmixError(.diskFull, "the copy needs \(bytes) bytes and \(free) are free beside \(target); free some space")
    }
}
