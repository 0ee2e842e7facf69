internal import Glibc

/// Where a database really lies. Log, index and lock lie beside the file itself, so that a symbolic link leads to the same ones.
enum DatabasePath {
    /// The path with no symbolic link at its end, absolute where the working folder can be told.
    ///
    /// By what links its folders are reached does not matter: the companions are reached by the same. The file need not exist: a
    /// link that leads nowhere yet says where it will be.
    ///
    /// - Throws: `foreignDatabase` where links lead round in a circle, or to a name that is not UTF-8.
    static func real(_ path: String) throws(ConnmixError) -> String {
        var current = absolute(path)
        for _ in 0..<linkLimit {
            guard let target = try linkTarget(of: current) else { return current }
            current = isAbsolute(target) ? target : folder(of: current) + "/" + target
        }
        throw ConnmixError(
            .foreignDatabase, "\(path) is a symbolic link that leads to another link, round in a circle; name the file itself")
    }

    /// What the names of a database's companions end with.
    static let companions = ["-wal", "-shm", "-journal", ".lock"]

    /// The lock file of a database.
    static func lock(of database: String) -> String {
        // Where the path cannot be followed, nothing can be opened by it either.
        ((try? real(database)) ?? database) + ".lock"
    }

    /// SQLite takes a name such as `:memory:` for something else; with a folder in front of it no name means anything but a file.
    static func absolute(_ path: String) -> String {
        guard !isAbsolute(path) else { return path }
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&bytes, bytes.count) != nil, let folder = text(bytes), folder.utf8.count + path.utf8.count + 1 < bytes.count
        else { return "./" + path }
        return folder.utf8.elementsEqual("/".utf8) ? "/" + path : folder + "/" + path
    }

    static func folder(of path: String) -> String {
        let bytes = path.utf8
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == bytes.startIndex ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(decoding: path.utf8[path.utf8.index(after: slash)...], as: UTF8.self)
    }

    /// As many as Linux follows.
    private static let linkLimit = 40

    // By bytes: to Swift a slash and the accent after it are one character, and not a slash.
    private static func isAbsolute(_ path: String) -> Bool { path.utf8.first == UInt8(ascii: "/") }

    private static func linkTarget(of path: String) throws(ConnmixError) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink(path, &bytes, bytes.count - 1) >= 0 else { return nil }
        guard let target = text(bytes) else {
            throw ConnmixError(
                .foreignDatabase, "\(path) is a symbolic link to a name that is not UTF-8; name a file whose path is")
        }
        return target
    }

    private static func text(_ bytes: [CChar]) -> String? {
        String(validating: bytes.prefix { $0 != 0 }.lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
