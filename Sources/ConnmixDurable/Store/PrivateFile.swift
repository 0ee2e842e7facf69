internal import CSQLite
internal import Glibc

/// A new file that becomes another one once it is whole. Until then it is for its owner only.
struct PrivateFile: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// Creates it beside its later place, so that a rename is enough. Those that an earlier attempt for the same place left behind when it was
    /// killed are taken away.
    init(beside target: String) throws(ConnmixError) {
        let target = DatabasePath.absolute(target)
        Self.removeLeftovers(of: target)
        var tries = 0
        while true {
            tries += 1
            let path = Self.stem(target) + Self.middle + Self.randomPart() + Self.end
            let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else {
                guard errno == EEXIST, tries < 100 else { throw Self.failure("create", path) }
                continue
            }
            // Says that it is in use. Whoever looked for leftovers before that has taken it away.
            var facts = stat()
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &facts) == 0, facts.st_nlink > 0 {
                self.path = path
                self.descriptor = descriptor
                return
            }
            close(descriptor)
            guard tries < 100 else {
                throw ConnmixError(
                    .cannotCreate, "cannot keep a temporary file beside \(target); is its folder cleaned all the time?")
            }
        }
    }

    deinit {
        close(descriptor)
    }

    private static let middle = ".partial-"
    private static let end = ".tmp"
    private static let randomBytes = 16

    /// A name in full length has no room for more.
    private static func stem(_ target: String) -> String {
        let room = Int(NAME_MAX) - middle.utf8.count - randomBytes - end.utf8.count - "-journal".utf8.count
        let name = DatabasePath.name(of: target)
        guard name.utf8.count > room else { return target }
        var cut = String(decoding: name.utf8.prefix(room), as: UTF8.self)
        while cut.utf8.count > room || !name.utf8.starts(with: cut.utf8) { cut.unicodeScalars.removeLast() }
        return DatabasePath.folder(of: target) + "/" + cut
    }

    private static func randomPart() -> String {
        let text = String(UInt64.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: randomBytes - text.utf8.count) + text
    }

    private static func removeLeftovers(of target: String) {
        let stem = stem(target)
        let folder = DatabasePath.folder(of: stem)
        let start = DatabasePath.name(of: stem) + middle
        var found: [String] = []
        FileFacts.forEachName(in: folder) { name in
            let bytes = name.utf8
            guard bytes.count == start.utf8.count + randomBytes + end.utf8.count, bytes.starts(with: start.utf8),
                bytes.suffix(end.utf8.count).elementsEqual(end.utf8)
            else { return }
            found.append(folder + "/" + name)
        }
        for path in found {
            let file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            if flock(file, LOCK_EX | LOCK_NB) == 0 { remove(path) }
            close(file)
        }
    }

    /// Gives it to whom another file belongs to, with that one's mode.
    func adopt(from path: String) {
        CompanionFile.adopt(descriptor, from: path)
    }

    /// Returns when what was written so far is on disk.
    func sync() throws(ConnmixError) {
        guard fsync(descriptor) == 0 else { throw Self.failure("write", path) }
    }

    /// Takes it away, and what SQLite made beside it.
    func remove() {
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }

    /// Gives it its name. What SQLite made beside it while it was read is taken away.
    ///
    /// - Parameter replacing: whether a file that has the name is replaced.
    func move(to target: String, replacing: Bool) throws(ConnmixError) {
        for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
        if replacing {
            guard rename(path, target) == 0 else { throw Self.failure("create", target) }
        } else {
            try moveWithoutReplacing(to: target)
        }
        let folder = open(DatabasePath.folder(of: target), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure("write the folder of", target) }
    }

    private func moveWithoutReplacing(to target: String) throws(ConnmixError) {
        if csqlite_rename_new(path, target) == 0 { return }
        // Some file systems cannot do so; there a link fails where the name exists. Killed between the two calls, the file has two names.
        if errno == EINVAL || errno == ENOSYS, link(path, target) == 0 {
            unlink(path)
            return
        }
        guard errno != EEXIST else { throw ConnmixError(.cannotCreate, "\(target) exists; name another file") }
        throw Self.failure("create", target)
    }

    private static func failure(_ doing: String, _ path: String) -> ConnmixError {
        let error = SystemError()
        return ConnmixError(
            error.code, "cannot \(doing) \(path): \(error.text); check that its folder exists and can be written")
    }
}
