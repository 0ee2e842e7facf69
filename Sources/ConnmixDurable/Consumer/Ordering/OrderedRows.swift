internal import DequeModule

/// The rows in memory, and which of them are *ready*: confirmed, and at the heads of all their keys. Pure.
struct OrderedRows<Item: Sendable>: Sendable {
    struct Row {
        var item: Item
        var keys: OrderKeys
        /// At how many keys it is not at the head, plus one until it is confirmed.
        var blockers: Int
        var isReady = false
        var isConfirmed = false
        let bytes: Int
    }

    private var rows: [Int64: Row] = [:]
    private var queues: KeyQueues
    private var ready: Deque<Int64> = []
    private var bytes = 0

    init(depth: Int) {
        queues = KeyQueues(depth: depth)
    }

    var isEmpty: Bool { rows.isEmpty }
    var load: WindowBounds.Load { WindowBounds.Load(rows: rows.count, bytes: bytes) }
    /// All of them, ascending.
    var ids: [Int64] { rows.keys.sorted() }
    var confirmedIDs: [Int64] { rows.filter(\.value.isConfirmed).keys.sorted() }

    subscript(id: Int64) -> Item? {
        get { rows[id]?.item }
        set {
            guard let newValue else { return assertionFailure("a row leaves with `remove`") }
            assert(rows[id] != nil, "a row that is not in memory was changed")
            rows[id]?.item = newValue
        }
    }

    func contains(_ id: Int64) -> Bool { rows[id] != nil }
    func isConfirmed(_ id: Int64) -> Bool { rows[id]?.isConfirmed == true }
    func keys(of id: Int64) -> OrderKeys? { rows[id]?.keys }
    func load(of key: OrderKey) -> WindowBounds.Load? { queues.load(of: key) }
    func ids(of key: OrderKey) -> [Int64] { queues.rows(of: key) }

    func predecessors(of id: Int64) -> [Int64] {
        rows[id].map { queues.predecessors(of: id, $0.keys) } ?? []
    }

    // MARK: Places

    mutating func insert(_ id: Int64, keys: OrderKeys, bytes: Int, _ item: () -> Item) {
        assert(rows[id] == nil, "a row came in twice")
        var blockers = 1
        keys.forEach { if !queues.enter(id, $0, bytes: bytes) { blockers += 1 } }
        rows[id] = Row(item: item(), keys: keys, blockers: blockers, bytes: bytes)
        self.bytes += bytes
    }

    mutating func remove(_ id: Int64) -> Row? {
        guard let row = rows.removeValue(forKey: id) else { return nil }
        bytes -= row.bytes
        leaveQueues(id, row.keys, bytes: row.bytes)
        return row
    }

    /// The row keeps its place in memory, and gives up those under its keys.
    ///
    /// - Returns: the keys.
    mutating func standAside(_ id: Int64) -> OrderKeys? {
        guard let row = rows[id] else {
            assertionFailure("a row stood aside that is not in memory")
            return nil
        }
        rows[id]?.keys = OrderKeys(nil, quota: row.keys.quota)
        leaveQueues(id, row.keys, bytes: row.bytes)
        return row.keys
    }

    /// A row that stood aside is the next one of the key.
    ///
    /// - Returns: whether its turn is now. Otherwise it is ready again when it is.
    mutating func takeTurn(_ id: Int64, _ key: OrderKey) -> Bool {
        assert(rows[id] != nil, "a row took its turn that is not in memory")
        guard let row = rows[id], row.keys.first == nil else { return true }
        rows[id]?.keys = OrderKeys(key, quota: row.keys.quota)
        let isNow = queues.enterNext(id, key, bytes: row.bytes)
        if !isNow { rows[id]?.blockers += 1 }
        return isNow
    }

    private mutating func leaveQueues(_ id: Int64, _ keys: OrderKeys, bytes: Int) {
        keys.forEach { if let next = queues.leave(id, $0, bytes: bytes) { unblock(next) } }
    }

    // MARK: Readiness

    mutating func confirm(_ id: Int64) {
        guard let row = rows[id], !row.isConfirmed else { return }
        rows[id]?.isConfirmed = true
        unblock(id)
    }

    mutating func nextReady() -> (id: Int64, item: Item)? {
        while let id = ready.popFirst() {
            guard let row = rows[id], row.isReady else { continue }
            rows[id]?.isReady = false
            return (id, row.item)
        }
        return nil
    }

    /// - Parameter first: before all that are ready already.
    mutating func makeReady(_ id: Int64, first: Bool = false) {
        guard let row = rows[id], row.blockers == 0, !row.isReady else { return }
        rows[id]?.isReady = true
        if first { ready.prepend(id) } else { ready.append(id) }
    }

    private mutating func unblock(_ id: Int64) {
        guard let blockers = rows[id]?.blockers else { return assertionFailure("a row waits for its turn and is not in memory") }
        assert(blockers > 0, "a row has its turn once more than it waited")
        rows[id]?.blockers = blockers - 1
        if blockers == 1 { makeReady(id) }
    }
}
