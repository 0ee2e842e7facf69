internal import HeapModule

/// Ids that wait for a time. Times are microseconds since 1970, as in the database.
struct Timeline: Sendable {
    private struct Entry: Comparable, Sendable {
        var time: Int64
        var id: Int64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.time, left.id) < (right.time, right.id)
        }
    }

    private var entries = Heap<Entry>()

    var next: Int64? { entries.min?.time }

    mutating func add(_ id: Int64, at time: Int64) {
        entries.insert(Entry(time: time, id: id))
    }

    /// The earliest id whose time has come.
    mutating func popDue(now: Int64) -> Int64? {
        guard let first = entries.min, first.time <= now else { return nil }
        return entries.removeMin().id
    }
}
