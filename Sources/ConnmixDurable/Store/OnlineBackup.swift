internal import CSQLite

/// SQLite's copy of one database into another, a step at a time (https://sqlite.org/backup.html).
///
/// Between two steps no lock is held and the log is not pinned, unless the source has a transaction open. Where another process
/// commits between two steps, the next one begins again with the first page.
final class OnlineBackup {
    enum Step {
        case more
        case done
    }

    private let handle: OpaquePointer
    private let source: Connection
    private let destination: Connection

    init(from source: Connection, to destination: Connection) throws(ConnmixError) {
        guard let handle = sqlite3_backup_init(destination.handle, "main", source.handle, "main") else {
            throw .sqlite(sqlite3_errcode(destination.handle), destination.handle, doing: "beginning a backup")
        }
        self.handle = handle
        self.source = source
        self.destination = destination
    }

    deinit {
        sqlite3_backup_finish(handle)
    }

    /// Copies the next pages.
    func step(pages: Int) throws(ConnmixError) -> Step {
        let result = sqlite3_backup_step(handle, Int32(pages))
        switch result {
        case SQLITE_OK: return .more
        case SQLITE_DONE: return .done
        default: throw .sqlite(result, nil, doing: "copying the database")
        }
    }

    /// As of the last step.
    var total: Int { Int(sqlite3_backup_pagecount(handle)) }
    var copied: Int { total - Int(sqlite3_backup_remaining(handle)) }
}
