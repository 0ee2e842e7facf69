internal import Glibc

/// A database that nobody has open and that this process cannot write beside, as on a read-only mount: SQLite cannot make the index
/// of its log there, and needs none where the log is empty (`immutable`, https://sqlite.org/uri.html).
///
/// Whoever may write can still begin while it is read, so it is looked at again afterwards.
struct FrozenFile: Equatable {
    private struct Facts: Equatable {
        let identity: FileIdentity
        let bytes: Int64
        let seconds: Int
        let nanoseconds: Int

        init?(_ path: String) {
            var facts = stat()
            guard stat(path, &facts) == 0 else { return nil }
            identity = FileIdentity(facts)
            bytes = Int64(facts.st_size)
            (seconds, nanoseconds) = (facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec)
        }
    }

    let path: String
    private let facts: Facts

    /// - Returns: `nil` where the folder can be written, or the log holds something.
    init?(_ path: String) {
        guard access(DatabasePath.folder(of: path), W_OK) != 0, let facts = Facts(path), Self.logIsEmpty(path) else { return nil }
        self.path = path
        self.facts = facts
    }

    /// - Throws: `busy` where somebody wrote meanwhile: what was read may be of two moments.
    func verify() throws(ConnmixError) {
        guard Facts(path) == facts, Self.logIsEmpty(path) else {
            throw ConnmixError(.busy, "\(path) was changed while it was read; try again")
        }
    }

    static func logIsEmpty(_ path: String) -> Bool { (Facts(path + "-wal")?.bytes ?? 0) == 0 }
}
