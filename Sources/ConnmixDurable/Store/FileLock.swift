internal import CSQLite
internal import Glibc

/// The lock file beside a database, `<database>.lock`.
///
/// Three bytes of it are locked, each for a purpose of its own. The locks are open file description locks: they end with the
/// process however it ends, and closing another descriptor of the same file does not drop them.
///
/// Why the checkpoint byte: SQLite 3.7.0 to 3.51.2 can corrupt a database when a checkpoint runs while **another**
/// connection commits and resets the log (https://sqlite.org/wal.html, "The WAL-Reset Bug"). So nobody checkpoints but the
/// owner, between its own commits and under an exclusive lock; every other process commits under a shared one. Where there is no owner,
/// a writer may checkpoint under the exclusive lock; an owner that starts meanwhile waits for it. See `FileLock+Checkpoint.swift`.
final class FileLock: Sendable {
    enum Byte: off_t {
        /// Held by the one consumer of the file.
        case owner = 0
        /// Shared by whoever commits from another process, exclusive for a checkpoint.
        case checkpoint = 1
        /// Held by who wants to checkpoint until it may: new commits let it go first.
        case turnstile = 2
    }

    let path: String
    let descriptor: Int32
    /// What was opened, whatever its name leads to later.
    let identity: FileIdentity
    /// Set where a checkpoint would do harm, whoever holds the lock.
    let isVoid = Locked(false)

    /// Opens the lock file beside the database itself, wherever a link to it lies. Creates it where it is missing, for whoever
    /// may change the database.
    init(database: String) throws(ConnmixError) {
        let file = try DatabasePath.real(database)
        path = file + ".lock"
        descriptor = try CompanionFile.open(path, beside: file)
        guard let identity = FileIdentity(descriptor: descriptor) else {
            preconditionFailure("an open file can be looked at")
        }
        self.identity = identity
    }

    deinit {
        forgetOwnership()
        close(descriptor)
    }

    /// The lock files whose ownership this process has. A lock file may name this process's number and mean an earlier one: in a
    /// container each has the same.
    private static let ownedHere = Locked<Set<FileIdentity>>([])
    /// Whether it is this one that has it: a mere writer of the same process opens the file, too.
    private let isOwner = Locked(false)

    private func rememberOwnership() {
        isOwner.withLock { $0 = true }
        Self.ownedHere.withLock { _ = $0.insert(identity) }
    }

    private func forgetOwnership() {
        let wasOwner = isOwner.withLock { isOwner in
            defer { isOwner = false }
            return isOwner
        }
        if wasOwner { Self.ownedHere.withLock { _ = $0.remove(identity) } }
    }

    /// - Throws: where the name leads to another file by now, so that this lock keeps nobody away.
    private func checkName() throws(ConnmixError) {
        guard !isVoid.withLock({ $0 }) else {
            throw ConnmixError(.fileLost, "the files beside \(path) are not those that were opened; nothing is moved")
        }
        switch identity.whereabouts(path) {
        case .there, .unknown: return
        case .removed: throw ConnmixError(.fileLost, "\(path) was removed while it was in use; start again")
        case .replaced: throw ConnmixError(.fileLost, "\(path) was replaced while it was in use; start again")
        }
    }

    /// The file's text: a line of the owner, and a line that says whether it takes messages. Both have a fixed place and are filled up
    /// with blanks, so that the second can be changed while the disk is full: no new block is needed, where the file system
    /// writes in place.
    private enum Layout {
        static let ownerBytes = 64
        static let pauseBytes = 960
        static let taking = "taking"
        static let paused = "paused: "
    }

    /// Takes ownership and writes who the owner is into the file.
    ///
    /// An owner that lives is the end of it. Where the one that the file names is gone, something of it still holds the lock, such as a child
    /// of it that has not begun its own program yet: that passes, and is waited for.
    ///
    /// Returns when no other process checkpoints any more.
    ///
    /// - Returns: who the file said was the owner before.
    @discardableResult
    func takeOwnership(patience: Duration = .seconds(3)) throws(ConnmixError) -> (pid: Int32, since: Int64)? {
        let deadline = ContinuousClock.now + patience
        while !tryLock(.owner, exclusive: true) {
            let owner = Self.owner(of: path)
            let isAlive = owner.map { mayLive($0) } ?? false
            guard !isAlive, ContinuousClock.now < deadline else {
                let database = path.dropLast(".lock".count)
                let number = owner?.pid.description ?? "unknown"
                throw ConnmixError(
                    .busy,
                    isAlive
                        ? "\(database) is owned by another consumer, process \(number); one file has one consumer"
                        : "\(database) is owned by another consumer: its lock is held, though process \(number) does not run here; look for a child of it, or in another container"
                )
            }
            usleep(10_000)
        }
        let before = Self.owner(of: path)
        do {
            try checkName()
            try awaitForeignCheckpoint()
            try writeOwner()
        } catch {
            unlock(.owner)
            throw error
        }
        rememberOwnership()
        return before
    }

    private func mayLive(_ owner: (pid: Int32, since: Int64)) -> Bool {
        owner.pid == getpid()
            ? Self.ownedHere.withLock { $0.contains(identity) } : LivingProcess.mayHaveActed(owner.pid, at: owner.since)
    }

    private func writeOwner() throws(ConnmixError) {
        let line =
            Self.line("\(getpid()) \(Clock.now())", bytes: Layout.ownerBytes)
            + Self.line(Layout.taking, bytes: Layout.pauseBytes)
        // An earlier owner's blocks are written over, not given back and asked for again. What it said of itself behind the text
        // stays until a run has taken it up (`LiveAccount`).
        if let error = line.withUnsafeBytes({ write($0, at: 0) }) { throw writeError(error) }
    }

    /// Writes all of it: a disk takes a part where it cannot take all, and says why at the rest.
    ///
    /// - Returns: why it could not; `nil` where it is written.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: off_t) -> SystemError? {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, offset + off_t(written))
            guard count > 0 else { return count < 0 ? SystemError() : SystemError(ENOSPC) }
            written += count
        }
        return nil
    }

    func writeError(_ error: SystemError) -> ConnmixError {
        let isFull = error.code == .diskFull
        return ConnmixError(
            isFull ? .diskFull : .inputOutput,
            "cannot write \(path): \(error.text); \(isFull ? "free some space" : "check the disk")")
    }

    /// Says in the file why nothing is taken, or that it is. Best effort: a disk that fails may refuse this too.
    func show(paused reason: String?) {
        let line = Self.line(reason.map { Layout.paused + $0 } ?? Layout.taking, bytes: Layout.pauseBytes)
        _ = pwrite(descriptor, line, line.count, off_t(Layout.ownerBytes))
    }

    /// The text on one line of exactly so many bytes.
    private static func line(_ text: String, bytes count: Int) -> [UInt8] {
        var bytes = text.utf8.prefix(count - 1).map { $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0 }
        bytes += repeatElement(UInt8(ascii: " "), count: count - 1 - bytes.count)
        return bytes + [UInt8(ascii: "\n")]
    }

    /// What the owner says of itself. It is not known where the file has no such line: an older version wrote it.
    static func pause(database: String) -> (isKnown: Bool, reason: String?) {
        let file = open(DatabasePath.lock(of: database), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return (false, nil) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Layout.pauseBytes)
        guard pread(file, &bytes, bytes.count, off_t(Layout.ownerBytes)) == bytes.count else { return (false, nil) }
        while bytes.last == UInt8(ascii: " ") || bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        let text = String(decoding: bytes, as: UTF8.self)
        if text == Layout.taking { return (true, nil) }
        guard text.hasPrefix(Layout.paused) else { return (false, nil) }
        return (true, String(text.dropFirst(Layout.paused.count)))
    }

    /// Gives ownership up, and takes who it was out of the text. What lies behind the text stays.
    func releaseOwnership() {
        forgetOwnership()
        let blank = Self.line("", bytes: Layout.ownerBytes) + Self.line("", bytes: Layout.pauseBytes)
        _ = pwrite(descriptor, blank, blank.count, 0)
        unlock(.owner)
    }

    /// The consumer that owns the database right now, if one does. Asks the lock, not the file's text, and takes nothing: a
    /// lock taken for a moment only to look would refuse a consumer that starts in that moment.
    static func currentOwner(database: String) -> (pid: Int32, since: Int64)? {
        let path = DatabasePath.lock(of: database)
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard csqlite_is_byte_locked(file, Byte.owner.rawValue) == 1 else { return nil }
        return owner(of: path) ?? (0, 0)
    }

    func tryLock(_ byte: Byte, exclusive: Bool) -> Bool {
        csqlite_lock_byte(descriptor, Int16(exclusive ? F_WRLCK : F_RDLCK), byte.rawValue, 0) == 0
    }

    /// Whether another open file holds a lock on the byte, or that cannot be told. Takes nothing.
    func isHeldElsewhere(_ byte: Byte) -> Bool {
        csqlite_is_byte_locked(descriptor, byte.rawValue) != 0
    }

    func unlock(_ byte: Byte) {
        _ = csqlite_lock_byte(descriptor, Int16(F_UNLCK), byte.rawValue, 0)
    }

    /// Runs `body` with the byte locked.
    ///
    /// - Parameter limit: how long to wait for it. A process that was stopped while it held the lock must not stop others for ever.
    /// - Throws: `busy` where the limit passed; `fileLost` where the lock file was removed or replaced, so that its lock means nothing.
    func withLock<T>(_ byte: Byte, exclusive: Bool, within limit: Duration, _ body: () throws -> T) throws -> T {
        let deadline = ContinuousClock.now + limit
        while !tryLock(byte, exclusive: exclusive) {
            guard ContinuousClock.now < deadline else {
                throw ConnmixError(
                    .busy, "another process has held the lock in \(path) for \(limit.text); look for one that is stopped")
            }
            usleep(200)
        }
        defer { unlock(byte) }
        try checkName()
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
