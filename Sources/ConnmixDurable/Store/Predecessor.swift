internal import Glibc

/// The consumer that had the file before.
///
/// The lock is on a file that anybody may remove, and then a second owner finds nothing locked. What does not go away with that
/// file is the database: while its newest run has not ended and nobody stands in the lock file, its consumer may be alive. It
/// notices within a second that its lock file is gone, writes what it has, and ends its run: so long is it waited for.
enum Predecessor {
    private static let patience: Duration = .seconds(3)

    /// Returns when the last consumer has ended its run, or has had the time for it. Called by the new owner.
    ///
    /// - Parameter before: what the lock file said before it was taken.
    static func wait(_ database: String, before: (pid: Int32, since: Int64)?) {
        // What cannot be read holds nothing to wait for; whoever opens it next says why.
        guard let connection = try? Connection(path: database, mode: .read), isRunOpen(connection) else { return }
        if let before {
            // It has died and left its line. Or it lives, and somebody put a copy of the lock file in its place.
            guard before.pid != getpid(), LivingProcess.mayHaveActed(before.pid, at: before.since) else { return }
        }
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline, isRunOpen(connection) { usleep(20_000) }
    }

    /// Whether the newest run has not ended.
    private static func isRunOpen(_ connection: Connection) -> Bool {
        let select = try? connection.prepare("SELECT ended_at IS NULL FROM run ORDER BY id DESC LIMIT 1")
        return (try? select?.first { $0.int(0) != 0 }) == true
    }
}
