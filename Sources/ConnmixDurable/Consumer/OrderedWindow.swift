internal import DequeModule

/// The rows of a table that are in memory, in order by their keys; the rest waits in the file. Pure.
///
/// A row is *ready* when it is the oldest of each of its keys. The window is bounded: what does not fit is left in the file
/// (`isBehind`) and loaded in the order of ids once there is room. So that one key that stands still cannot fill the
/// window for all, a key holds at most `keyCapacity` rows; further ones are skipped ("spilled") and found again by another
/// pass over the file when the key has room. While a key has spilled rows it takes no later ones: order is never broken.
struct OrderedWindow<Item: Sendable>: Sendable {
    enum Admission: Equatable {
        /// In the window, not ready before `confirm`.
        case taken
        /// Stays in the file, found again later.
        case leftInFile
        /// In the window already.
        case known
        /// No room at all: the pass over the file ends here.
        case full
    }

    private struct Node {
        var item: Item
        var keys: OrderKeys
        /// How many keys it is not the oldest of, plus one until it is confirmed.
        var blockers: Int
        var isReady = false
    }

    private struct Lane {
        var ids: Deque<Int64> = []
        var spilledFrom: Int64?
    }

    let capacity: Int
    let keyCapacity: Int
    private var nodes: [Int64: Node] = [:]
    private var lanes: [OrderKey: Lane] = [:]
    private var spilledKeys: Set<OrderKey> = []
    private var ready: Deque<Int64> = []
    /// Every row up to here was looked at.
    private(set) var cursor: Int64 = 0
    /// There may be rows above the cursor that nobody looked at.
    private(set) var isBehind = true

    init(capacity: Int, keyCapacity: Int) {
        self.capacity = capacity
        self.keyCapacity = keyCapacity
    }

    var count: Int { nodes.count }
    var readyCount: Int { ready.count }
    var isEmpty: Bool { nodes.isEmpty && !isBehind && spilledKeys.isEmpty }
    var allIDs: [Int64] { nodes.keys.sorted() }

    subscript(id: Int64) -> Item? {
        get { nodes[id]?.item }
        set { if let newValue { nodes[id]?.item = newValue } }
    }

    // MARK: Coming in

    /// A row that was just added to the file, with the highest id so far.
    mutating func append(_ id: Int64, keys: OrderKeys, _ item: @autoclosure () -> Item) -> Admission {
        guard !isBehind else { return .leftInFile }
        guard nodes.count < capacity else {
            isBehind = true
            return .leftInFile
        }
        cursor = id
        return admit(id, keys: keys, item)
    }

    /// Whether reading the file would find room for something.
    mutating func wantsPass() -> Bool { nextPass(limit: 1) != nil }

    /// Where to go on reading the file, and how many rows at most; `nil` where nothing is to be read now.
    mutating func nextPass(limit: Int) -> (after: Int64, limit: Int)? {
        if !isBehind || nodes.count < capacity / 4 { startOverForSpilled() }
        let room = capacity - nodes.count
        guard isBehind, room > capacity / 4 else { return nil }
        return (cursor, min(limit, room))
    }

    /// A row of the file, in the order of ids above `cursor`.
    mutating func load(_ id: Int64, keys: OrderKeys, _ item: @autoclosure () -> Item) -> Admission {
        guard nodes[id] == nil else {
            cursor = max(cursor, id)
            return .known
        }
        guard nodes.count < capacity else { return .full }
        cursor = max(cursor, id)
        return admit(id, keys: keys, item)
    }

    /// The pass found no more rows.
    mutating func passEnded() {
        isBehind = false
    }

    /// A row was looked at that needs no place here.
    mutating func passed(_ id: Int64) {
        cursor = max(cursor, id)
    }

    /// Somebody else changed the file, or a transaction was rolled back: look at everything above `id` again.
    mutating func lookAgain(above id: Int64) {
        cursor = min(cursor, id)
        isBehind = true
    }

    /// The row is committed as taken.
    mutating func confirm(_ id: Int64) {
        unblock(id)
    }

    /// The transaction that took the row was rolled back. Rows are withdrawn in the reverse order of their admission.
    mutating func withdraw(_ id: Int64) {
        guard let node = nodes.removeValue(forKey: id) else { return }
        node.keys.forEach { key in
            if lanes[key]?.ids.last == id { lanes[key]?.ids.removeLast() }
            forgetIfEmpty(key)
        }
        lookAgain(above: id - 1)
    }

    // MARK: Going out

    mutating func nextReady() -> (id: Int64, item: Item)? {
        while let id = ready.popFirst() {
            guard let node = nodes[id] else { continue }
            nodes[id]?.isReady = false
            return (id, node.item)
        }
        return nil
    }

    /// Makes a row ready again that was held after `nextReady`, for instance until its retry.
    mutating func makeReady(_ id: Int64) {
        guard let node = nodes[id], node.blockers == 0, !node.isReady else { return }
        nodes[id]?.isReady = true
        ready.append(id)
    }

    /// The row is finished; the next ones of its keys may be ready now.
    mutating func remove(_ id: Int64) {
        guard let node = nodes.removeValue(forKey: id) else { return }
        node.keys.forEach { key in
            guard let head = lanes[key]?.ids.first else { return }
            if head == id {
                lanes[key]?.ids.removeFirst()
                if let next = lanes[key]?.ids.first { unblock(next) }
            } else {
                lanes[key]?.ids.removeAll { $0 == id }
            }
            forgetIfEmpty(key)
        }
    }

    // MARK: -

    private mutating func admit(_ id: Int64, keys: OrderKeys, _ item: () -> Item) -> Admission {
        var mustSpill = false
        keys.forEach { key in
            if let lane = lanes[key], lane.spilledFrom != nil || lane.ids.count >= keyCapacity { mustSpill = true }
        }
        guard !mustSpill else {
            keys.forEach { key in
                lanes[key, default: Lane()].spilledFrom = min(lanes[key]?.spilledFrom ?? id, id)
                spilledKeys.insert(key)
            }
            return .leftInFile
        }
        var blockers = 1
        keys.forEach { key in
            lanes[key, default: Lane()].ids.append(id)
            if lanes[key]?.ids.count != 1 { blockers += 1 }
        }
        nodes[id] = Node(item: item(), keys: keys, blockers: blockers)
        return .taken
    }

    private mutating func unblock(_ id: Int64) {
        guard let blockers = nodes[id]?.blockers else { return }
        nodes[id]?.blockers = blockers - 1
        if blockers == 1 { makeReady(id) }
    }

    /// Keys with spilled rows and room for them: the pass goes back to the oldest of those rows.
    private mutating func startOverForSpilled() {
        var from: Int64?
        for key in spilledKeys {
            guard let lane = lanes[key], let spilledFrom = lane.spilledFrom, lane.ids.count <= keyCapacity / 2 else {
                continue
            }
            from = min(from ?? spilledFrom, spilledFrom)
            lanes[key]?.spilledFrom = nil
            spilledKeys.remove(key)
            forgetIfEmpty(key)
        }
        if let from { lookAgain(above: from - 1) }
    }

    private mutating func forgetIfEmpty(_ key: OrderKey) {
        if let lane = lanes[key], lane.ids.isEmpty, lane.spilledFrom == nil { lanes[key] = nil }
    }
}
