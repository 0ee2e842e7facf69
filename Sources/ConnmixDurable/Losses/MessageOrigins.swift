/// Which connections the messages of a commit came from, and the entries they became.
struct MessageOrigins: Sendable {
    struct Part: Sendable, Equatable {
        let connection: Int64
        var count: Int64 = 0
        var first: Int64?
        var last: Int64?
    }

    private(set) var parts: [Part] = []
    private var latest = 0

    /// - Parameter entry: `nil` where the message was a repeat and became none.
    mutating func add(_ connection: Int64, entry: Int64?) {
        // A commit holds long runs of few connections.
        if latest >= parts.count || parts[latest].connection != connection {
            latest = parts.firstIndex { $0.connection == connection } ?? parts.count
            if latest == parts.count { parts.append(Part(connection: connection)) }
        }
        parts[latest].count += 1
        guard let entry else { return }
        if parts[latest].first == nil { parts[latest].first = entry }
        parts[latest].last = entry
    }
}
