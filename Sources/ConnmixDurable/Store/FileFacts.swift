internal import Glibc

/// Owner and mode of a file. Nothing is opened.
struct FileFacts: Equatable {
    let name: String
    let mode: UInt32
    let user: UInt32

    init(name: String, mode: UInt32, user: UInt32) {
        self.name = name
        self.mode = mode
        self.user = user
    }

    /// - Returns: `nil` where there is none.
    init?(_ path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return nil }
        self.init(name: path, mode: facts.st_mode & 0o7777, user: facts.st_uid)
    }

    /// The processes that have a file open, as far as this user may see them.
    static func users(of path: String) -> Set<Int32> {
        guard let target = realpath(path, nil) else { return [] }
        defer { free(target) }
        let wanted = String(cString: target)
        var found: Set<Int32> = []
        forEachName(in: "/proc") { name in
            guard let process = Int32(name) else { return }
            forEachName(in: "/proc/\(name)/fd") { descriptor in
                var link = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
                let count = readlink("/proc/\(name)/fd/\(descriptor)", &link, link.count - 1)
                guard count > 0 else { return }
                if String(decoding: link[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) == wanted {
                    found.insert(process)
                }
            }
        }
        return found
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

    private static func forEachName(in folder: String, _ body: (String) -> Void) {
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { body(name) }
        }
    }
}
