import Glibc

/// Reads what a person names: a file, or stdin.
enum InputFile {
    /// The longest payload of an entry.
    static let payloadLimit = 64 << 20

    /// - Parameters:
    ///   - path: `-` is stdin.
    ///   - limit: longer input is refused, not cut.
    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let isInput = path == "-"
        let file = isInput ? STDIN_FILENO : try open(path)
        defer { if !isInput { close(file) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(.inputOutput, "cannot read \(name(path)): \(String(cString: strerror(errno)))")
            }
            bytes += buffer[..<count]
            guard bytes.count <= limit else {
                throw Failure(.badData, "\(name(path)) has more than \(limit >> 20) MiB; give less")
            }
        }
    }

    /// - Throws: `Failure` with exit code 66 where there is none, 77 where it may not be read, 74 otherwise.
    static func open(_ path: String) throws -> Int32 {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            let code: Exit =
                switch errno {
                case ENOENT, ENOTDIR: .noDatabase
                case EACCES, EPERM: .noPermission
                default: .inputOutput
                }
            throw Failure(code, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        return file
    }

    static func name(_ path: String) -> String { path == "-" ? "stdin" : path }
}
