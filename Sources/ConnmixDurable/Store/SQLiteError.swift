internal import CSQLite

extension ConnmixError {
    /// The failure that `database` reports for the call that answered `result`.
    ///
    /// - Parameter ofHandler: whether the statement is a handler's and not the library's.
    static func sqlite(_ result: Int32, _ database: OpaquePointer?, doing what: String, ofHandler: Bool = false) -> ConnmixError {
        let detail = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(result)
        let text = detail.map { String(cString: $0) } ?? "error \(result)"
        let extended = database.map { sqlite3_extended_errcode($0) } ?? result
        let (code, advice): (Code, String) =
            switch result & 0xFF {
            case SQLITE_BUSY, SQLITE_LOCKED: (.busy, "another process holds the database; try again")
            case SQLITE_FULL: (.diskFull, "free some space")
            case SQLITE_AUTH: (.badData, "handlers may not change the library's tables, transactions or pragmas")
            case SQLITE_READONLY, SQLITE_PERM: (.noPermission, "check the owner and mode of file and folder")
            case SQLITE_IOERR, SQLITE_PROTOCOL, SQLITE_NOMEM: (.inputOutput, "check the disk")
            case SQLITE_CANTOPEN: (.cannotCreate, "check that the folder exists and can be written")
            case SQLITE_CORRUPT: (.corrupt, "restore a backup")
            case SQLITE_NOTADB: (.foreignDatabase, "name a database of connmix-durable")
            case SQLITE_CONSTRAINT, SQLITE_MISMATCH: (.badData, "a rule of the table forbids the value")
            case SQLITE_TOOBIG: (.badData, "the value is too large")
            // A statement that is none, a table that is not there.
            case SQLITE_ERROR where ofHandler: (.badData, "check the statement")
            default: (.internal, "this is a bug, please report it")
            }
        return ConnmixError(code, "\(what): \(text) (SQLite \(extended)); \(advice)")
    }

    /// Whether the same work may succeed later, once disk, lock or memory allow.
    var isTransient: Bool {
        switch code {
        case .busy, .diskFull, .inputOutput, .noPermission, .cannotCreate: true
        default: false
        }
    }
}
