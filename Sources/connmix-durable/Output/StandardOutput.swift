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
            let most = try Self.room(rest.count)
            let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, most) }
            guard count < 0 else {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try Self.wait()
            case EPIPE: throw BrokenPipe()
            default:
                throw Failure(.inputOutput, "cannot write the output: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// How much is written at once. Who listens to signals waits where they are heard, and then writes no more than a pipe takes.
    private static func room(_ count: Int) throws -> Int {
        guard Interruption.isWatched else { return count }
        try wait()
        return min(count, 4_096)
    }

    /// Waits for a reader that reads.
    ///
    /// - Throws: `CancellationError` where a signal has come and nobody reads.
    private static func wait() throws {
        var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        // Where there is a reader the last words are written, too.
        while poll(&output, 1, 100) <= 0 { try Interruption.check() }
    }
}
