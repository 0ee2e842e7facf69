import Glibc

/// Writes data for people and programs.
struct StandardOutput {
    /// - Throws: `BrokenPipe`, or `Failure` where the disk or terminal fails.
    func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard count < 0 else {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EPIPE: throw BrokenPipe()
            default:
                throw Failure(.inputOutput, "cannot write the output: \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// Writes what is not data: errors, progress, hints.
enum StandardError {
    /// Writes in one go, so that lines of several writers do not mix. Failures are ignored: there is nobody left to tell.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Writes a line, with anything that could act on a terminal escaped.
    static func write(line: String) {
        write(line.escapedForTerminal + "\n")
    }
}
