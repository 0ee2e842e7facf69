internal import CSQLite
internal import Glibc

/// The lock file beside a database, `<database>.lock`.
///
/// Two bytes of it are locked, each for a purpose of its own. The locks are open file description locks: they end with the
/// process however it ends, and closing another descriptor of the same file does not drop them.
///
/// Why the checkpoint byte: SQLite 3.7.0 to 3.51.2 can corrupt a database when a checkpoint runs while **another**
/// connection commits and resets the log (https://sqlite.org/wal.html, "The WAL-Reset Bug"). So nobody checkpoints but the
/// owner, between its own commits and under an exclusive lock; every other process commits under a shared one.
final class FileLock: Sendable {
    enum Byte: off_t {
        /// Held by the one consumer of the file.
        case owner = 0
        /// Shared by whoever commits from another process, exclusive for a checkpoint.
        case checkpoint = 1
    }

    let path: String
    private let descriptor: Int32

    /// Opens the lock file, creating it with mode 0600 where it is missing.
    init(database: String) throws(ConnmixError) {
        path = database + ".lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            let code: ConnmixError.Code = errno == EACCES || errno == EPERM || errno == EROFS ? .noPermission : .cannotCreate
            throw ConnmixError(code, "cannot open the lock file \(path): \(reason); check that its folder can be written")
        }
    }

    deinit {
        close(descriptor)
    }

    /// Takes ownership and writes who the owner is into the file.
    func takeOwnership() throws(ConnmixError) {
        guard tryLock(.owner, exclusive: true) else {
            let owner = Self.owner(of: path)?.pid.description ?? "unknown"
            let database = path.dropLast(".lock".count)
            throw ConnmixError(
                .busy, "\(database) is owned by another consumer, process \(owner); one file has one consumer")
        }
        let line = Array("\(getpid()) \(Clock.now())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, line, line.count, 0) == line.count else {
            throw ConnmixError(.inputOutput, "cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }

    func releaseOwnership() {
        _ = ftruncate(descriptor, 0)
        unlock(.owner)
    }

    /// The consumer that owns the database right now, if one does. Asks the lock, not the file's text, and takes nothing: a
    /// lock taken for a moment only to look would refuse a consumer that starts in that moment.
    static func currentOwner(database: String) -> (pid: Int32, since: Int64)? {
        let path = database + ".lock"
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard csqlite_is_byte_locked(file, Byte.owner.rawValue) == 1 else { return nil }
        return owner(of: path) ?? (0, 0)
    }

    /// Whether the checkpoint lock was held, by whomever, each time it was looked at for so long. Takes nothing.
    static func isCheckpointHeld(database: String, for limit: Duration) -> Bool {
        let file = open(database + ".lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return false }
        defer { close(file) }
        let deadline = ContinuousClock.now + limit
        while csqlite_is_byte_locked(file, Byte.checkpoint.rawValue) == 1 {
            guard ContinuousClock.now < deadline else { return true }
            usleep(2_000)
        }
        return false
    }

    func tryLock(_ byte: Byte, exclusive: Bool) -> Bool {
        csqlite_lock_byte(descriptor, Int16(exclusive ? F_WRLCK : F_RDLCK), byte.rawValue, 0) == 0
    }

    func unlock(_ byte: Byte) {
        _ = csqlite_lock_byte(descriptor, Int16(F_UNLCK), byte.rawValue, 0)
    }

    /// Runs `body` with the byte locked.
    ///
    /// - Parameter limit: how long to wait for it. A process that was stopped while it held the lock must not stop others for ever.
    /// - Throws: `busy` where the limit passed.
    func withLock<T>(_ byte: Byte, exclusive: Bool, within limit: Duration, _ body: () throws -> T) throws -> T {
        let deadline = ContinuousClock.now + limit
        while !tryLock(byte, exclusive: exclusive) {
            guard ContinuousClock.now < deadline else {
                throw ConnmixError(
                    .busy, "another process has held the lock in \(path) for \(limit); look for one that is stopped")
            }
            usleep(200)
        }
        defer { unlock(byte) }
        return try body()
    }

    /// Who wrote the lock file last: process id and start in microseconds since 1970.
    static func owner(of path: String) -> (pid: Int32, since: Int64)? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, let pid = Int32(words[0]), let since = Int64(words[1]) else { return nil }
        return (pid, since)
    }
}
