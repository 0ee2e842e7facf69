/// Something that the memory noticed and that the shell may tell a developer.
enum Remark: Equatable {
    /// The end user begins to wait for a context value.
    case waits(client: UInt64)
    /// The end user waits for one context value, and others were set.
    case otherKey(client: UInt64, set: [String], awaited: String)
    /// The end user waits until the key has one value, and it got another. Both as JSON.
    case otherValue(client: UInt64, key: String, set: String, awaited: String)
    /// An event came into a queue that nobody consumes.
    case unconsumed(queue: Int)
    /// A frame found a queue full and is lost.
    case dropped(queue: Int)
    /// An end user waits, and so many of its frames do that a further one is lost.
    case overflow(client: UInt64)
}

/// The remarks of a turn, oldest first.
struct Remarks {
    private static let limit = 256

    private var list: [Remark] = []

    var isEmpty: Bool { self.list.isEmpty }

    /// What only repeats the last one is left out, and what is beyond measure. A wait is never: it has to be watched.
    mutating func add(_ remark: Remark) {
        if case .waits = remark { return self.list.append(remark) }
        if self.list.count < Self.limit, self.list.last != remark { self.list.append(remark) }
    }

    mutating func take() -> [Remark] {
        defer { self.list = [] }
        return self.list
    }
}
