internal import HeapModule

/// What waits for a time. Times are microseconds since 1970, as in the database.
struct Timeline<Token: Sendable & Equatable>: Sendable {
    private struct Entry: Comparable, Sendable {
        var time: Int64
        var token: Token

        static func < (left: Entry, right: Entry) -> Bool { left.time < right.time }
    }

    private var entries = Heap<Entry>()

    var next: Int64? { entries.min?.time }

    mutating func add(_ token: Token, at time: Int64) {
        entries.insert(Entry(time: time, token: token))
    }

    /// The earliest whose time has come.
    mutating func popDue(now: Int64) -> Token? {
        guard let first = entries.min, first.time <= now else { return nil }
        return entries.removeMin().token
    }

    /// The clock was set: what is left of each wait stays.
    mutating func shift(by jump: Int64) {
        entries = Heap(entries.unordered.map { Entry(time: $0.time + jump, token: $0.token) })
    }

    var count: Int { entries.count }

    /// Forgets what is not wanted any more.
    mutating func keep(where isWanted: (Token) -> Bool) {
        entries = Heap(entries.unordered.filter { isWanted($0.token) })
    }
}
