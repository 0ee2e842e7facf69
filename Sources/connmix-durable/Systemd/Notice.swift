/// What the service manager is told at once, in the form of sd_notify(3).
struct Notice: Equatable, Sendable {
    var isReady = false
    var isStopping = false
    /// It lives: the watchdog starts over.
    var isAlive = false
    /// One line for people.
    var status: String?
    /// For so much longer it must not be given up.
    var extends: Duration?

    var text: String {
        var lines: [String] = []
        if isReady { lines.append("READY=1") }
        if isStopping { lines.append("STOPPING=1") }
        if isAlive { lines.append("WATCHDOG=1") }
        if let status { lines.append("STATUS=" + Self.line(status)) }
        if let extends { lines.append("EXTEND_TIMEOUT_USEC=\(Int64(extends / .microseconds(1)))") }
        return lines.joined(separator: "\n")
    }

    /// Nothing of it can be taken for another assignment, or act on a terminal.
    private static func line(_ text: String) -> String { text.escapedForTerminal.boundedForPeople(512) }
}
