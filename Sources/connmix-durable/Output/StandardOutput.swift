import SystemPackage

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
            do {
                let count = try rest.withUnsafeBytes {
                    try FileDescriptor.standardOutput.write(.init(rebasing: $0.prefix(most)))
                }
                rest = rest.dropFirst(count)
            } catch Errno.resourceTemporarilyUnavailable {
                try Self.wait()
            } catch Errno.brokenPipe {
                throw BrokenPipe()
            } catch let error as Errno {
                throw Failure(.inputOutput, "cannot write the output: \(error)")
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
        // Where there is a reader the last words are written, too.
        while !FileDescriptor.standardOutput.isWritable(within: .milliseconds(100)) { try Interruption.check() }
    }
}
