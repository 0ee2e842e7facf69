import Synchronization
import SystemPackage

/// Writes what is not data: errors, progress, hints, and the log.
enum StandardError {
    private static let writer = Mutex<LineWriter?>(nil)

    /// From now on nobody waits here: a thread of its own writes, and what it cannot keep is dropped. For programs that have
    /// something better to do than to wait for a reader.
    ///
    /// - Parameter note: the line that says how many were dropped.
    static func waitForNobody(_ note: @escaping @Sendable (_ dropped: Int) -> String) {
        writer.withLock { writer in
            if writer == nil { writer = LineWriter(.standardError, note: note) }
        }
    }

    /// Writes in one go, so that lines of several writers do not mix. Failures are ignored: there is nobody left to tell.
    static func write(_ text: String) {
        if let writer = writer.withLock({ $0 }) { return writer.write(text) }
        let bytes = Array(text.utf8)
        _ = try? bytes.withUnsafeBytes { try FileDescriptor.standardError.write($0) }
    }

    /// Writes a line, with anything that could act on a terminal escaped.
    static func write(line: String) {
        write(line.escapedForTerminal + "\n")
    }

    /// Waits until everything is written, for a second at most. The program ends.
    static func flush() {
        writer.withLock { $0 }?.flush(within: .seconds(1))
    }
}
