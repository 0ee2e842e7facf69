internal import DequeModule

/// Suspects, entries that may have killed the process before, exclude each other: whose turn is it? Pure.
struct SuspectTurns: Sendable {
    /// The one that is handled, or whose outcome is not committed yet.
    private var current: Int64?
    /// Those that are ready and wait for it, in order. One that is not in `waiting` any more is passed over.
    private var queue: Deque<Int64> = []
    private var waiting: Set<Int64> = []

    func isTurn(of id: Int64) -> Bool { current == id }

    /// It is ready.
    ///
    /// - Returns: whether its turn is now. Otherwise it comes out of `next` when it is.
    mutating func takeTurn(_ id: Int64) -> Bool {
        guard current == nil else {
            if waiting.insert(id).inserted { queue.append(id) }
            return false
        }
        current = id
        return true
    }

    /// The next one that waited, where no other one has its turn.
    mutating func next() -> Int64? {
        while current == nil, let id = queue.popFirst() {
            guard waiting.remove(id) != nil else { continue }
            current = id
            return id
        }
        return nil
    }

    /// Its outcome is committed, if it was one.
    mutating func ended(_ id: Int64) {
        if current == id { current = nil }
    }

    /// It left memory while it waited.
    mutating func left(_ id: Int64) {
        waiting.remove(id)
    }
}
