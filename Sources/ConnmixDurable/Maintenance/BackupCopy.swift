internal import Glibc

/// Performs what a `BackupPace` decides.
struct BackupCopy {
    /// What is on its way to disk at most, so that a consumer's commits do not wait behind all of it.
    private static let stepsPerSync = 16
    private static let pause: UInt32 = 5_000

    let source: Connection

    /// - Parameter progress: called after each step with the pages that are copied and those there are.
    /// - Returns: how many pages there are, and how long one snapshot was held, which pins the log.
    func copy(
        to file: borrowing PrivateFile, progress: (_ copied: Int, _ total: Int) throws -> Void
    ) throws -> (pages: Int, held: Duration) {
        let destination = try Connection(path: file.path, mode: .write)
        // Nobody else knows this file, and it is synced and checked before it gets its name.
        try destination.execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
        let backup = try OnlineBackup(from: source, to: destination)
        var pace = BackupPace(pages: Int(try source.integer("PRAGMA page_count")))
        var since = ContinuousClock.now
        if pace.isHeld { try hold() }
        defer { if source.isInTransaction { try? source.execute("COMMIT") } }  // only read
        var steps = 0
        while try backup.step(pages: BackupPace.pagesPerStep) == .more {
            steps += 1
            try progress(backup.copied, backup.total)
            if steps % Self.stepsPerSync == 0 { try file.sync() }
            switch pace.stepped(copied: backup.copied) {
            case .pause: usleep(Self.pause)
            case .hold:
                since = .now
                try hold()
            case .goOn: break
            }
        }
        return (backup.total, pace.isHeld ? .now - since : .zero)
    }

    /// The first read opens the snapshot.
    private func hold() throws {
        try source.execute("BEGIN")
        _ = try source.integer("SELECT count(*) FROM sqlite_schema")
    }
}
