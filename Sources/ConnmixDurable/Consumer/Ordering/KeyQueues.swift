internal import DequeModule

/// The rows in memory by their keys, the oldest of each first. Pure.
///
/// The first `depth` rows of a key are at its *head*: they may be at work. Those that wait stand in the order of their ids under every
/// key, so none waits for another in a circle.
struct KeyQueues: Sendable {
    struct Entry {
        let isAtHead: Bool
        /// The row that was the last one of the head, and is not any more.
        let displaced: Int64?
    }

    private struct Queue {
        var ids: Deque<Int64> = []
        var bytes = 0
        /// One stands behind a later one that was out when it came.
        private var isOutOfOrder = false

        mutating func enterLast(_ id: Int64, bytes: Int, depth: Int) -> Bool? {
            if let last = ids.last, last > id { return nil }
            ids.append(id)
            self.bytes += bytes
            return ids.count <= depth
        }

        mutating func insert(_ id: Int64, at place: Int, bytes: Int, depth: Int) -> Entry {
            if place > 0, ids[place - 1] > id { isOutOfOrder = true }
            ids.insert(id, at: place)
            self.bytes += bytes
            return Entry(isAtHead: place < depth, displaced: place < depth && ids.count > depth ? ids[depth] : nil)
        }

        func place(of id: Int64, isOut: (Int64) -> Bool) -> Int {
            var (place, next) = (ids.count, ids.count)
            while next > 0, ids[next - 1] > id {
                next -= 1
                // Behind what is out, but for one that is out behind one that waits.
                if !isOut(ids[next]) { place = next }
            }
            return place
        }

        /// Whether one that came before it stands behind it.
        mutating func isPassed(_ id: Int64) -> Bool {
            guard isOutOfOrder else { return false }
            isOutOfOrder = zip(ids, ids.dropFirst()).contains { $0 > $1 }
            guard isOutOfOrder, let place = ids.firstIndex(of: id) else { return false }
            return ids[(place + 1)...].contains { $0 < id }
        }

        /// - Returns: whether the head is empty, and it is the head.
        mutating func enterNext(_ id: Int64, bytes: Int) -> Bool {
            let isFree = ids.isEmpty
            ids.insert(id, at: isFree ? 0 : 1)
            self.bytes += bytes
            return isFree
        }

        /// - Returns: the row that is at the head now, in its place.
        mutating func leave(_ id: Int64, bytes: Int, depth: Int) -> Int64? {
            guard let place = ids.firstIndex(of: id) else {
                assertionFailure("a row left a key that it did not wait for")
                return nil
            }
            ids.remove(at: place)
            self.bytes -= bytes
            return place < depth && ids.count >= depth ? ids[depth - 1] : nil
        }
    }

    private let depth: Int
    private var queues: [OrderKey: Queue] = [:]

    init(depth: Int) {
        self.depth = depth
    }

    func load(of key: OrderKey) -> WindowBounds.Load? {
        queues[key].map { WindowBounds.Load(rows: $0.ids.count, bytes: $0.bytes) }
    }

    /// The rows of the key, oldest first.
    func rows(of key: OrderKey) -> [Int64] { queues[key].map { Array($0.ids) } ?? [] }

    /// The rows of its keys before that one, which a row at the head may have where `depth` is more than one.
    func predecessors(of id: Int64, _ keys: OrderKeys) -> [Int64] {
        guard depth > 1 else { return [] }
        var older: [Int64] = []
        keys.forEach { key in
            for other in queues[key]?.ids ?? [] {
                guard other != id else { return }
                older.append(other)
            }
        }
        return older
    }

    /// The row comes after all others of the key.
    ///
    /// - Returns: whether it is at the head; `nil` where it does not come last, and did not enter.
    mutating func enterLast(_ id: Int64, _ key: OrderKey, bytes: Int) -> Bool? {
        queues[key, default: Queue()].enterLast(id, bytes: bytes, depth: depth)
    }

    /// One that comes back takes its place by its id: it passes whatever came after it and waits. If it waited for such a row, which may
    /// wait for it under another key, neither would ever move. What is out waits for no other row, and stays before it.
    mutating func enterAgain(_ id: Int64, _ key: OrderKey, at place: Int, bytes: Int) -> Entry {
        queues[key, default: Queue()].insert(id, at: place, bytes: bytes, depth: depth)
    }

    func place(of id: Int64, _ key: OrderKey, isOut: (Int64) -> Bool) -> Int {
        queues[key]?.place(of: id, isOut: isOut) ?? 0
    }

    /// Whether a row that came before it stands behind it.
    mutating func isPassed(_ id: Int64, _ key: OrderKey) -> Bool { queues[key]?.isPassed(id) ?? false }

    /// It is the next one of the key, after the first, which may be at work.
    ///
    /// - Returns: whether there is no such one.
    mutating func enterNext(_ id: Int64, _ key: OrderKey, bytes: Int) -> Bool {
        queues[key, default: Queue()].enterNext(id, bytes: bytes)
    }

    /// - Returns: the row that is at the key's head now, in its place.
    mutating func leave(_ id: Int64, _ key: OrderKey, bytes: Int) -> Int64? {
        assert(queues[key] != nil, "a row left a key that has none")
        let next = queues[key]?.leave(id, bytes: bytes, depth: depth)
        if queues[key]?.ids.isEmpty == true { queues[key] = nil }
        return next
    }
}
