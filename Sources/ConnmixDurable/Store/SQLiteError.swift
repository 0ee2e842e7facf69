internal import CSQLite
internal import Glibc

extension ConnmixError {
    /// The failure that `database` reports for the call that answered `result`.
    ///
    /// - Parameter closure: whose statement it is, where it is a handler's and not the library's.
    static func sqlite(
        _ result: Int32, _ database: OpaquePointer?, doing what: String, in closure: GuardedClosure? = nil
    ) -> ConnmixError {
        let detail = database.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(result)
        let text = detail.map { String(cString: $0) } ?? "error \(result)"
        let extended = database.map { sqlite3_extended_errcode($0) } ?? result
        // Taken at every failure, so that what is found now is of this one.
        let disk = database.map { csqlite_take_disk_error($0) } ?? 0
        if result & 0xFF == SQLITE_CORRUPT, disk != 0 {
            return ConnmixError(
                .inputOutput,
                "\(what): the disk did not answer a read (\(SystemError(disk).text), SQLite \(extended)); check the disk")
        }
        if let closure, let advice = advice(on: result, in: closure) {
            return ConnmixError(.badData, "\(text), \(closure.words) (\(what), SQLite \(extended)); \(advice)")
        }
        let (code, advice): (Code, String) =
            switch result & 0xFF {
            case SQLITE_BUSY, SQLITE_LOCKED: (.busy, "another process holds the database; try again")
            case SQLITE_FULL: (.diskFull, "free some space")
            case SQLITE_READONLY, SQLITE_PERM: (.noPermission, "check the owner and mode of file and folder")
            case SQLITE_IOERR, SQLITE_NOMEM: (.inputOutput, "check the disk")
            case SQLITE_PROTOCOL:
                (.inputOutput, "others keep its log locked, or its file system has no locks; look at who has it open")
            case SQLITE_CANTOPEN: cannotOpen(database.map { SystemError(sqlite3_system_errno($0)) })
            case SQLITE_CORRUPT: (.corrupt, "restore a backup")
            case SQLITE_NOTADB: (.foreignDatabase, "name a database of connmix-durable")
            case SQLITE_CONSTRAINT, SQLITE_MISMATCH: (.badData, "a rule of the table forbids the value")
            case SQLITE_TOOBIG: (.badData, "the value is too large")
            default: (.internal, "this is a bug, please report it")
            }
        return ConnmixError(code, "\(what): \(text) (SQLite \(extended)); \(advice)")
    }

    private static func cannotOpen(_ error: SystemError?) -> (Code, String) {
        switch error?.number {
        case EIO: (.inputOutput, "the disk did not answer; check it")
        case ENOSPC, EDQUOT: (.diskFull, "free some space")
        case EMFILE, ENFILE: (.cannotCreate, "too many files are open; raise the limit of open files")
        default: (.cannotCreate, "check that the folder exists and can be written")
        }
    }

    /// What the author of a statement can do about its failure; `nil` where it is the disk's or the file's.
    private static func advice(on result: Int32, in closure: GuardedClosure) -> String? {
        switch result & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_FULL, SQLITE_READONLY, SQLITE_PERM, SQLITE_IOERR, SQLITE_PROTOCOL, SQLITE_NOMEM,
            SQLITE_CANTOPEN, SQLITE_CORRUPT, SQLITE_NOTADB:
            nil
        case SQLITE_AUTH: closure.prohibition
        case SQLITE_CONSTRAINT, SQLITE_MISMATCH: "a rule of the table forbids the value"
        case SQLITE_TOOBIG: "the value is too large"
        // A statement that is none, a table that is not there.
        default: "check the statement"
        }
    }

    /// Whether the same work may succeed later, once disk, lock or memory allow.
    var isTransient: Bool {
        switch code {
        case .busy, .diskFull, .inputOutput, .noPermission, .cannotCreate: true
        default: false
        }
    }
}
