internal import Glibc

/// A new file of mode 0600 that becomes another one once it is whole.
struct PrivateFile: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// Creates it beside its later place, so that a rename is enough.
    init(beside target: String) throws(ConnmixError) {
        path = "\(target).\(getpid()).tmp"
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("create", path) }
    }

    deinit {
        close(descriptor)
    }

    /// Returns when what was written so far is on disk.
    func sync() throws(ConnmixError) {
        guard fsync(descriptor) == 0 else { throw Self.failure("write", path) }
    }

    /// Takes it away, and what SQLite made beside it.
    func remove() {
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }

    /// Gives it its name. What SQLite made beside it while it was read is taken away.
    ///
    /// - Parameter replacing: whether a file that has the name is replaced.
    func move(to target: String, replacing: Bool) throws(ConnmixError) {
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        // A link fails where the name exists; a rename would replace it.
        if replacing || link(path, target) != 0 {
            guard replacing || errno != EEXIST else {
                throw ConnmixError(.cannotCreate, "\(target) exists; name another file")
            }
            guard rename(path, target) == 0 else { throw Self.failure("create", target) }
        } else {
            unlink(path)
        }
        let folder = open(Self.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure("write the folder of", target) }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ doing: String, _ path: String) -> ConnmixError {
        let code: ConnmixError.Code =
            switch errno {
            case EACCES, EPERM, EROFS: .noPermission
            case ENOSPC, EDQUOT: .diskFull
            case EIO: .inputOutput
            default: .cannotCreate
            }
        return ConnmixError(
            code, "cannot \(doing) \(path): \(String(cString: strerror(errno))); check that its folder exists and can be written")
    }
}
