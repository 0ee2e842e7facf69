internal import Glibc

/// The files that TLS is set up from.
enum PEMFile {
    /// All authorities of a system are a quarter of a megabyte.
    private static let limit = 16 << 20

    /// - Throws: `invalidConfiguration`, naming the file and what the system says.
    static func read(_ path: String) throws(ConnmixError) -> [UInt8] {
        func unreadable(_ why: String) -> ConnmixError {
            ConnmixError(.invalidConfiguration, "\(path) cannot be read: \(why)")
        }
        // A pipe that nobody writes to must not hold the start.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw unreadable(SystemError().text) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw unreadable(SystemError().text) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw unreadable("it is no file") }
        guard facts.st_size <= limit else { throw unreadable("it has \(facts.st_size) bytes, more than \(limit)") }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limit {
            let count = Glibc.read(file, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(SystemError().text) }
            if count == 0 { break }
            bytes += part[..<count]
        }
        return bytes
    }
}
