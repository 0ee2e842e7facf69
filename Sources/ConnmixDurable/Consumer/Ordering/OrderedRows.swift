internal import DequeModule

/// The rows in memory, and which of them are *ready*: confirmed, and at the heads of all their keys. Pure.
struct OrderedRows<Item: Sendable>: Sendable {
    struct Row {
        var item: Item
        var keys: OrderKeys
        /// At how many keys it is not at the head, plus one until it is confirmed.
        var blockers: Int
        var isReady = false
        /// It was ready, and was taken: it is at work until whoever took it says otherwise (`hold`), and keeps its place.
        var isOut = false
        var isConfirmed = false
        let bytes: Int
    }

    private var rows = IDTable<Row>()
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
    var confirmedIDs: [Int64] { rows.keys.filter { isConfirmed($0) }.sorted() }

    subscript(id: Int64) -> Item? {
        get { rows.find(id).map { rows[at: $0].item } }
        set {
            guard let newValue else { return assertionFailure("a row leaves with `remove`") }
            guard let place = rows.find(id) else { return assertionFailure("a row that is not in memory was changed") }
            rows[at: place].item = newValue
        }
    }

    func contains(_ id: Int64) -> Bool { rows.contains(id) }
    func isReady(_ id: Int64) -> Bool { rows.find(id).map { rows[at: $0].isReady } ?? false }
    func isConfirmed(_ id: Int64) -> Bool { rows.find(id).map { rows[at: $0].isConfirmed } ?? false }
    func keys(of id: Int64) -> OrderKeys? { rows.find(id).map { rows[at: $0].keys } }
    func load(of key: OrderKey) -> WindowBounds.Load? { queues.load(of: key) }
    func ids(of key: OrderKey) -> [Int64] { queues.rows(of: key) }

    func predecessors(of id: Int64) -> [Int64] {
        keys(of: id).map { queues.predecessors(of: id, $0) } ?? []
    }

    // MARK: Places

    mutating func insert(_ id: Int64, keys: OrderKeys, bytes: Int, _ item: () -> Item) {
        let blockers = 1 + enterQueues(id, keys, bytes: bytes)
        rows.insert(Row(item: item(), keys: keys, blockers: blockers, bytes: bytes), for: id)
        self.bytes += bytes
    }

    /// - Returns: at how many keys it is not at the head.
    private mutating func enterQueues(_ id: Int64, _ keys: OrderKeys, bytes: Int) -> Int {
        var blockers = 0
        keys.forEach { key in
            if let isAtHead = queues.enterLast(id, key, bytes: bytes) {
                if !isAtHead { blockers += 1 }
            } else {
                let entry = enterAgain(id, key, bytes: bytes)
                if !entry.isAtHead { blockers += 1 }
                if let displaced = entry.displaced { block(displaced) }
            }
        }
        return blockers
    }

    mutating func remove(_ id: Int64) -> Row? {
        guard let row = rows.remove(id) else { return nil }
        bytes -= row.bytes
        leaveQueues(id, row.keys, bytes: row.bytes)
        return row
    }

    /// The row keeps its place in memory, and gives up those under its keys.
    ///
    /// - Returns: the keys.
    mutating func standAside(_ id: Int64) -> OrderKeys? {
        guard let place = rows.find(id) else {
            assertionFailure("a row stood aside that is not in memory")
            return nil
        }
        let (keys, bytes) = (rows[at: place].keys, rows[at: place].bytes)
        rows[at: place].keys = OrderKeys(nil, quota: keys.quota)
        leaveQueues(id, keys, bytes: bytes)
        return keys
    }

    /// A row that stood aside is the next one of the key.
    ///
    /// - Returns: whether its turn is now. Otherwise it is ready again when it is.
    mutating func takeTurn(_ id: Int64, _ key: OrderKey) -> Bool {
        guard let place = rows.find(id) else {
            assertionFailure("a row took its turn that is not in memory")
            return true
        }
        guard rows[at: place].keys.first == nil else { return true }
        rows[at: place].keys = OrderKeys(key, quota: rows[at: place].keys.quota)
        let isNow = queues.enterNext(id, key, bytes: rows[at: place].bytes)
        if !isNow { rows[at: place].blockers += 1 }
        return isNow
    }

    private mutating func enterAgain(_ id: Int64, _ key: OrderKey, bytes: Int) -> KeyQueues.Entry {
        let place = queues.place(of: id, key) { other in rows.find(other).map { rows[at: $0].isOut } ?? false }
        return queues.enterAgain(id, key, at: place, bytes: bytes)
    }

    /// A row that was taken is not at work. What came before it, and came back while it was out, goes first.
    mutating func hold(_ id: Int64) {
        guard let place = rows.find(id), rows[at: place].isOut else { return }
        rows[at: place].isOut = false
        let (keys, bytes) = (rows[at: place].keys, rows[at: place].bytes)
        var isPassed = false
        keys.forEach { if queues.isPassed(id, $0) { isPassed = true } }
        guard isPassed else { return }
        leaveQueues(id, keys, bytes: bytes)
        rows[at: place].blockers = enterQueues(id, keys, bytes: bytes)
    }

    private mutating func leaveQueues(_ id: Int64, _ keys: OrderKeys, bytes: Int) {
        keys.forEach { if let next = queues.leave(id, $0, bytes: bytes) { unblock(next) } }
    }

    // MARK: Readiness

    mutating func confirm(_ id: Int64) {
        guard let place = rows.find(id), !rows[at: place].isConfirmed else { return }
        rows[at: place].isConfirmed = true
        unblock(id, at: place)
    }

    mutating func nextReady() -> (id: Int64, item: Item)? {
        while let id = ready.popFirst() {
            guard let place = rows.find(id), rows[at: place].isReady else { continue }
            rows[at: place].isReady = false
            rows[at: place].isOut = true
            return (id, rows[at: place].item)
        }
        return nil
    }

    /// - Parameter first: before all that are ready already.
    mutating func makeReady(_ id: Int64, first: Bool = false) {
        if let place = rows.find(id) { makeReady(id, at: place, first: first) }
    }

    private mutating func makeReady(_ id: Int64, at place: Int, first: Bool = false) {
        guard rows[at: place].blockers == 0, !rows[at: place].isReady else { return }
        rows[at: place].isReady = true
        if first { ready.prepend(id) } else { ready.append(id) }
    }

    /// A row was passed by one that comes before it.
    private mutating func block(_ id: Int64) {
        guard let place = rows.find(id) else { return assertionFailure("a row waits for its turn and is not in memory") }
        rows[at: place].blockers += 1
        rows[at: place].isReady = false
    }

    private mutating func unblock(_ id: Int64) {
        guard let place = rows.find(id) else { return assertionFailure("a row waits for its turn and is not in memory") }
        unblock(id, at: place)
    }

    private mutating func unblock(_ id: Int64, at place: Int) {
        assert(rows[at: place].blockers > 0, "a row has its turn once more than it waited")
        rows[at: place].blockers -= 1
        if rows[at: place].blockers == 0 { makeReady(id, at: place) }
    }
}
