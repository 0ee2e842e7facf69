internal import DequeModule

/// The rows in memory by their keys, the oldest of each first. Pure.
///
/// The first `depth` rows of a key are at its *head*: they may be at work.
struct KeyQueues: Sendable {
    private struct Queue {
        var ids: Deque<Int64> = []
        var bytes = 0

        /// - Returns: whether it is at the head.
        mutating func enter(_ id: Int64, bytes: Int, depth: Int) -> Bool {
            let count = ids.count
            let head = min(depth, count)
            var place = count
            // A row that comes back takes its old place, but behind those that may be at work, whatever their ids.
            if let last = ids.last, last > id { place = ids[head...].firstIndex { $0 > id } ?? count }
            ids.insert(id, at: place)
            self.bytes += bytes
            return count < depth
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

    /// - Returns: whether it is at the key's head.
    mutating func enter(_ id: Int64, _ key: OrderKey, bytes: Int) -> Bool {
        queues[key, default: Queue()].enter(id, bytes: bytes, depth: depth)
    }

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
