internal import Glibc

/// A file of ours beside a database. It has the database's owner, group and mode, as SQLite gives them to log and index: who may
/// change the one can change the other, whoever made it.
enum CompanionFile {
    /// Opens it, or creates it where it is missing.
    ///
    /// What has its name and is something else is neither followed nor changed.
    static func open(_ path: String, beside database: String) throws(ConnmixError) -> Int32 {
        var tries = 0
        while true {
            tries += 1
            // First without O_CREAT: with it the kernel refuses other users' files in folders such as /tmp, even to root
            // (fs.protected_regular).
            var descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            if descriptor >= 0 {
                do {
                    try check(descriptor, path)
                } catch {
                    close(descriptor)
                    throw error
                }
                return descriptor
            }
            if errno == ENOENT {
                descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
                if descriptor >= 0 {
                    adopt(descriptor, from: database)
                    return descriptor
                }
            }
            // Somebody else creates it at this moment, or has not given it to its owner yet.
            guard errno == EEXIST || errno == EACCES, tries < triesLimit else { throw failure(path) }
            usleep(10_000)
        }
    }

    /// Gives a new file the owner, group and mode of another one. Where that is not permitted, the file stays private.
    static func adopt(_ descriptor: Int32, from path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return }
        if geteuid() == 0 {
            guard fchown(descriptor, facts.st_uid, facts.st_gid) == 0 else { return }
        } else if facts.st_gid != getegid() {
            // The group's rights are for that group, and for no other one.
            guard fchown(descriptor, uid_t.max, facts.st_gid) == 0 else { return }
        }
        _ = fchmod(descriptor, facts.st_mode & 0o666)
    }

    private static let triesLimit = 20

    private static func check(_ descriptor: Int32, _ path: String) throws(ConnmixError) {
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw ConnmixError(.cannotCreate, "\(path) is not a file; move it away, its name is that of the lock file")
        }
        guard facts.st_nlink <= 1 else {
            throw ConnmixError(
                .cannotCreate, "the lock file \(path) has \(facts.st_nlink) names (hard links); remove it while no consumer runs")
        }
        // A lock file is empty or begins with a process id. A database called so would be written over.
        var first: UInt8 = 0
        if pread(descriptor, &first, 1, 0) == 1 {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) || first == 0 || first == UInt8(ascii: " ") else {
                throw ConnmixError(
                    .cannotCreate, "\(path) is no lock file; move it away, or give the database another name")
            }
        }
    }

    private static func failure(_ path: String) -> ConnmixError {
        let error = SystemError()
        if error.number == ELOOP {
            return ConnmixError(
                .cannotCreate, "the lock file \(path) is a symbolic link; remove it, the lock must lie beside the database")
        }
        let advice =
            switch error.code {
            case .noPermission: "check its owner and mode, and that its folder can be written"
            case .diskFull: "free some space"
            default: "check that its folder can be written"
            }
        return ConnmixError(error.code, "cannot open the lock file \(path): \(error.text); \(advice)")
    }
}
