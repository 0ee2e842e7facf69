/// The files of a running consumer: what their names must lead to for as long as it runs.
struct OpenFiles: Sendable {
    let database: (path: String, identity: FileIdentity)
    let lock: (path: String, identity: FileIdentity)
    /// Log and index. SQLite keeps both for as long as anybody has the file open.
    private let companions: [(path: String, identity: FileIdentity)]

    /// - Returns: `nil` where the database is not there.
    init?(database path: String, lock: FileLock) {
        guard let identity = FileIdentity(path: path) else { return nil }
        database = (path, identity)
        self.lock = (lock.path, lock.identity)
        companions = ["-wal", "-shm"].compactMap { end in
            FileIdentity(path: path + end).map { (path + end, $0) }
        }
    }

    /// What has happened to them beneath the consumer, the worst first.
    func loss() -> FileLoss? {
        if let fate = Self.fate(database) { return .database(fate) }
        for companion in companions {
            if let fate = Self.fate(companion) { return .companion(companion.path, fate) }
        }
        return Self.fate(lock).map { .lock($0) }
    }

    private static func fate(_ file: (path: String, identity: FileIdentity)) -> FileLoss.Fate? {
        switch file.identity.whereabouts(file.path) {
        case .removed: .removed
        case .replaced: .replaced
        case .there, .unknown: nil
        }
    }
}
