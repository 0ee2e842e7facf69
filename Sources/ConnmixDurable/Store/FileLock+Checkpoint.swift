internal import CSQLite
internal import Glibc

/// How checkpoints and the commits of other processes keep out of each other's way.
///
/// Who wants to checkpoint shows it in the turnstile, and new commits wait until it was its turn: busy writers cannot starve it. The
/// turnstile is courtesy only, and every wait for it is short, so that a process that was stopped with it delays others and stops
/// nobody. What must never overlap is kept apart by the checkpoint byte alone.
extension FileLock {
    /// How long commits let a checkpoint go first.
    private static let courtesy: Duration = .seconds(3)
    /// How long a new owner waits for a checkpoint that another process has begun.
    private static let entrance: Duration = .seconds(10)

    /// Runs a commit of a process that is not the owner.
    ///
    /// - Throws: `busy` where a checkpoint took longer than the limit.
    @discardableResult
    func committing<T>(within limit: Duration, _ body: () throws -> T) throws -> T {
        let start = ContinuousClock.now
        while isHeldElsewhere(.turnstile), .now - start < min(limit, Self.courtesy) { usleep(200) }
        return try withLock(.checkpoint, exclusive: false, within: max(.zero, limit - (.now - start)), body)
    }

    /// Runs a checkpoint of the owner, before the commits of other processes that have not begun.
    ///
    /// - Throws: `busy` where a commit that had begun took longer than the limit.
    @discardableResult
    func checkpointing<T>(within limit: Duration, _ body: () throws -> T) throws -> T {
        try withTurn(within: limit) { left in
            try withLock(.checkpoint, exclusive: true, within: left, body)
        }
    }

    /// Runs a checkpoint of a process that is not the owner, where there is none and nobody else is about to do the same.
    ///
    /// An owner takes its lock first and then passes the checkpoint byte (`awaitForeignCheckpoint`). So where there is no owner while
    /// that byte is held, none commits before it is given back.
    ///
    /// - Returns: whether it was run.
    func checkpointingWithoutOwner(within limit: Duration, _ body: () throws -> Void) throws -> Bool {
        guard !isHeldElsewhere(.owner), tryLock(.turnstile, exclusive: true) else { return false }
        defer { unlock(.turnstile) }
        return try withLock(.checkpoint, exclusive: true, within: limit) {
            guard !isHeldElsewhere(.owner) else { return false }
            try body()
            return true
        }
    }

    /// A new owner commits only when no other process checkpoints any more; from then on none begins to.
    ///
    /// - Throws: `busy`, and the ownership is given back.
    func awaitForeignCheckpoint() throws(ConnmixError) {
        let deadline = ContinuousClock.now + Self.entrance
        while !tryLock(.checkpoint, exclusive: false) {
            guard ContinuousClock.now < deadline else {
                unlock(.owner)
                throw ConnmixError(
                    .busy,
                    "another process has held the checkpoint lock in \(path) for \(Self.entrance); look for one that is stopped")
            }
            usleep(1_000)
        }
        unlock(.checkpoint)
    }

    /// Whether the lock was held each time it was looked at for so long: exclusively, or by anyone. Takes nothing.
    static func checkpointHolds(database: String, for limit: Duration) -> (exclusive: Bool, any: Bool) {
        let file = open(DatabasePath.lock(of: database), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return (false, false) }
        defer { close(file) }
        let deadline = ContinuousClock.now + limit
        var held = (exclusive: true, any: true)
        while held.any {
            if csqlite_is_byte_locked(file, Byte.checkpoint.rawValue) != 1 { held.any = false }
            if csqlite_is_byte_locked_exclusively(file, Byte.checkpoint.rawValue) != 1 { held.exclusive = false }
            guard ContinuousClock.now < deadline else { break }
            usleep(1_000)
        }
        return (held.exclusive && held.any, held.any)
    }

    /// Runs `body` behind the turnstile, or without it where another holds it for too long.
    private func withTurn<T>(within limit: Duration, _ body: (_ left: Duration) throws -> T) throws -> T {
        let start = ContinuousClock.now
        var hasTurn = tryLock(.turnstile, exclusive: true)
        while !hasTurn, .now - start < limit / 2 {
            usleep(200)
            hasTurn = tryLock(.turnstile, exclusive: true)
        }
        defer { if hasTurn { unlock(.turnstile) } }
        return try body(limit - (.now - start))
    }
}
