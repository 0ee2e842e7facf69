internal import Glibc

/// Owner and mode of a file. Nothing is opened.
struct FileFacts: Equatable {
    let name: String
    let mode: UInt32
    let user: UInt32
    let group: UInt32

    init(name: String, mode: UInt32, user: UInt32, group: UInt32 = 0) {
        self.group = group
        self.name = name
        self.mode = mode
        self.user = user
    }

    /// - Returns: `nil` where there is none.
    init?(_ path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return nil }
        self.init(name: path, mode: facts.st_mode & 0o7777, user: facts.st_uid, group: facts.st_gid)
    }

    /// The processes that have a file open, as far as this user may see them.
    struct Users: Equatable {
        /// Under the name that was asked for.
        var named: Set<Int32> = []
        /// The file that had the name before it was removed or replaced.
        var removed: Set<Int32> = []
    }

    static func users(of path: String) -> Users {
        guard let folder = realpath(DatabasePath.folder(of: path), nil) else { return Users() }
        defer { free(folder) }
        var wanted = Array(String(cString: folder).utf8)
        if wanted != [UInt8(ascii: "/")] { wanted.append(UInt8(ascii: "/")) }
        wanted += DatabasePath.name(of: path).utf8
        let gone = wanted + " (deleted)".utf8
        var users = Users()
        forEachName(in: "/proc") { name in
            guard let process = Int32(name) else { return }
            forEachName(in: "/proc/\(name)/fd") { descriptor in
                var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
                let count = readlink("/proc/\(name)/fd/\(descriptor)", &link, link.count - 1)
                guard count > 0 else { return }
                let text = link[..<count].lazy.map(UInt8.init(bitPattern:))
                if text.elementsEqual(wanted) { users.named.insert(process) }
                if text.elementsEqual(gone) { users.removed.insert(process) }
            }
        }
        return users
    }

    /// Whether a process was stopped, by a signal or a debugger.
    static func isStopped(_ process: Int32) -> Bool {
        let file = open("/proc/\(process)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(file, &bytes, bytes.count)
        // The name stands in brackets, and may hold anything.
        guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")), end + 2 < count else { return false }
        return bytes[end + 2] == UInt8(ascii: "T") || bytes[end + 2] == UInt8(ascii: "t")
    }

    static func forEachName(in folder: String, _ body: (String) -> Void) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { body(name) }
        }
    }
}
