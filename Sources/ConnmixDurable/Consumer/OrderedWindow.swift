internal import DequeModule

/// The rows of a table that are in memory, in order by their keys; the rest waits in the file. Pure.
///
/// A row is *ready* when it is among the oldest `depth` of each of its keys (one, as a rule). The window is bounded: what does not fit is left in the file
/// (`isBehind`) and loaded in the order of ids once there is room.
///
/// So that one key that stands still cannot fill the window for all, a key holds at most `keyCapacity` rows, a quota (the node
/// that calls must go to) an eighth of the window, or where all quotas together have half of it a 64th. A row that does not fit *closes* its keys: later rows of theirs stay in the
/// file too, so order is never broken. When the key that was full has room again, a second pass goes over the file from the oldest
/// row that was left, and ends as soon as the key is full once more. Passes take turns, so a deep key does not starve the others.
///
/// All of it is bounded by bytes too: the window by `byteCapacity`, a key by an eighth of that, a quota by a quarter. A single row may
/// be larger than any of them.
///
/// A key that stands still takes no places at all: its rows leave the window and wait in the file, until somebody acts (`park`) or
/// until a time (`rest`).
struct OrderedWindow<Item: Sendable>: Sendable {
    enum Admission: Equatable {
        /// In the window, not ready before `confirm`.
        case taken
        /// Stays in the file, found again later.
        case leftInFile
        /// In the window already.
        case known
        /// No room, or nothing more to find: this pass over the file ends here.
        case full
    }

    private struct Node {
        var item: Item
        var keys: OrderKeys
        /// How many keys have `depth` older rows, plus one until it is confirmed.
        var blockers: Int
        var isReady = false
        var isConfirmed = false
        var bytes: Int
    }

    private struct Lane {
        var ids: Deque<Int64> = []
        var bytes = 0
        /// Rows from here on are in the file only.
        var closedFrom: Int64?

        var isEmpty: Bool { ids.isEmpty && closedFrom == nil }
    }

    /// A second pass, for keys that have room again.
    private struct Repass {
        /// The keys that were opened again.
        var opened: [OrderKey]
        /// Those of them that were full, and why the pass is made.
        var causes: [OrderKey]
    }

    /// More closed keys than this are not remembered: the pass over the file halts until some are open again.
    private static var closedLimit: Int { 65_536 }

    let capacity: Int
    let byteCapacity: Int
    let keyCapacity: Int
    let quotaCapacity: Int
    let depth: Int
    private var quotaMinimum: Int { max(2, capacity / 64) }
    private var nodes: [Int64: Node] = [:]
    private(set) var bytes = 0
    private var lanes: [OrderKey: Lane] = [:]
    private var quotas: [OrderKey: (count: Int, bytes: Int)] = [:]
    /// How many rows have a quota.
    private var quotaRows = 0
    private var ready: Deque<Int64> = []
    /// Keys and quotas that were full when a row came that did not fit.
    private var causes: Set<OrderKey> = []
    /// Every key that has rows in the file only.
    private var closed: Set<OrderKey> = []
    private var oldestUnkeyed: Int64?
    /// Keys that stand still until somebody acts. Any number of them: nothing else is remembered of one.
    private var parked: Set<OrderKey> = []
    /// Keys that stand still until a time.
    private var resting: Set<OrderKey> = []
    private var repass: Repass?
    /// The first pass made progress since the last second one.
    private var mayRepass = true
    /// Something has left or woken since nobody of `causes` had room.
    private var mayOpen = true
    private var isHalted = false
    /// Every row up to here was looked at in this pass.
    private(set) var cursor: Int64 = 0
    /// Every row up to here was looked at by some pass.
    private var frontier: Int64 = 0
    /// There may be rows above the frontier that nobody looked at.
    private(set) var isBehind = true

    init(capacity: Int, keyCapacity: Int, byteCapacity: Int = .max, depth: Int = 1) {
        self.capacity = capacity
        self.byteCapacity = byteCapacity
        self.keyCapacity = keyCapacity
        self.depth = depth
        quotaCapacity = max(1, capacity / 8)
    }

    var count: Int { nodes.count }
    /// Nothing is in memory, and what is known to be open in the file stands still.
    var isAtRest: Bool { nodes.isEmpty && !isBehind && repass == nil && causes.allSatisfy { isStanding($0) } }
    var readyCount: Int { ready.count }
    /// Nothing is known to be open, here or in the file.
    var isEmpty: Bool { nodes.isEmpty && !isBehind && closed.isEmpty && causes.isEmpty && repass == nil }
    var confirmedIDs: [Int64] { nodes.filter(\.value.isConfirmed).keys.sorted() }

    subscript(id: Int64) -> Item? {
        get { nodes[id]?.item }
        set { if let newValue { nodes[id]?.item = newValue } }
    }

    // MARK: Standing still

    /// All rows of the key leave for the file, and stay there until `unpark`.
    ///
    /// - Parameter staying: rows that are being worked on, and keep their places.
    /// - Returns: the rows that left.
    mutating func park(_ key: OrderKey, except staying: (Int64) -> Bool = { _ in false }) -> [(id: Int64, item: Item)] {
        parked.insert(key)
        return evict(key, from: .min, except: staying)
    }

    /// Rows of the key are taken again; everything is looked at for them.
    mutating func unpark(_ key: OrderKey) {
        guard parked.remove(key) != nil else { return }
        mayOpen = true
        lookAgain(above: 0)
    }

    /// The key's rows from `id` on leave for the file, and stay there until `wake`.
    ///
    /// - Returns: the rows that left.
    mutating func rest(
        _ key: OrderKey, from id: Int64, except staying: (Int64) -> Bool = { _ in false }
    ) -> [(id: Int64, item: Item)] {
        resting.insert(key)
        causes.insert(key)
        close(key, from: id)
        let left = evict(key, from: id, except: staying)
        for (id, _) in left { close(key, from: id) }
        return left
    }

    /// Whether one more key may rest that a pass has met. Otherwise the pass halts until some are open again.
    mutating func mayRest(_ key: OrderKey) -> Bool {
        if closed.contains(key) || repass != nil || closed.count < Self.closedLimit { return true }
        isHalted = true
        return false
    }

    mutating func wake(_ key: OrderKey) {
        resting.remove(key)
        mayOpen = true
    }

    mutating func wakeAll() {
        resting.removeAll()
        mayOpen = true
    }

    /// The rows of a lane from `id` on leave for the file, and give up their places under other keys: nobody waits for them. Rows of
    /// other lanes that merely go to the same target stay.
    ///
    /// Nothing is remembered of them. Whoever calls this keeps later rows of the lane out, and looks again when they may come.
    ///
    /// - Parameter staying: rows that are being worked on, and keep their places.
    /// - Returns: the rows that left.
    mutating func evict(lane: OrderKey, from id: Int64, except staying: (Int64) -> Bool) -> [Int64] {
        let leaving = rows(of: lane).filter { $0 >= id && nodes[$0]?.keys.first == lane && !staying($0) }
        for id in leaving { remove(id) }
        return leaving
    }

    /// The row keeps its place, and lets the later ones of its keys pass.
    mutating func letPass(_ id: Int64) {
        guard let keys = nodes[id]?.keys else { return }
        if isCause(keys) { mayOpen = true }
        nodes[id]?.keys = OrderKeys(nil, quota: keys.quota)
        leaveLanes(id, keys, bytes: nodes[id]?.bytes ?? 0)
    }

    /// A row that let others pass takes its turn: next in its lane, after the one that may be at work.
    ///
    /// - Returns: whether its turn is now. Otherwise it is ready again when it is.
    mutating func rejoin(_ id: Int64, lane key: OrderKey) -> Bool {
        guard let node = nodes[id], node.keys.first == nil else { return true }
        nodes[id]?.keys = OrderKeys(key, quota: node.keys.quota)
        let isFree = lanes[key]?.ids.isEmpty ?? true
        lanes[key, default: Lane()].ids.insert(id, at: isFree ? 0 : 1)
        lanes[key]?.bytes += node.bytes
        if !isFree { nodes[id]?.blockers += 1 }
        return isFree
    }

    func contains(_ id: Int64) -> Bool { nodes[id] != nil }
    func isConfirmed(_ id: Int64) -> Bool { nodes[id]?.isConfirmed == true }

    /// The rows of the key, oldest first.
    func rows(of key: OrderKey) -> [Int64] { lanes[key].map { Array($0.ids) } ?? [] }

    /// The older rows of its keys, which a row that is ready may have where `depth` is more than one.
    func predecessors(of id: Int64) -> [Int64] {
        guard depth > 1, let keys = nodes[id]?.keys else { return [] }
        var older: [Int64] = []
        keys.forEach { key in
            for other in lanes[key]?.ids ?? [] {
                guard other != id else { return }
                older.append(other)
            }
        }
        return older
    }

    // MARK: Coming in

    /// A row that was just added to the file, with the highest id so far.
    mutating func append(_ id: Int64, keys: OrderKeys, bytes: Int = 0, _ item: @autoclosure () -> Item) -> Admission {
        guard !isBehind, repass == nil, hasRoom else {
            isBehind = true
            return .leftInFile
        }
        let admission = admit(id, keys: keys, bytes: bytes, item)
        guard admission != .full else {
            isBehind = true
            return .leftInFile
        }
        cursor = id
        frontier = max(frontier, id)
        return admission
    }

    /// Whether reading the file would find something that there is room for.
    mutating func wantsPass() -> Bool { nextPass(limit: 1) != nil }

    /// Where to go on reading the file, and how many rows at most; `nil` where nothing is to be read now.
    mutating func nextPass(limit: Int) -> (after: Int64, limit: Int)? {
        if repass == nil, !isBehind || mayRepass || isHalted { beginRepass() }
        let room = capacity - nodes.count
        guard repass != nil || isBehind && !isHalted, room > capacity / 4, bytes <= byteCapacity / 4 * 3 else { return nil }
        return (cursor, min(limit, room))
    }

    /// A row of the file, in the order of ids above `cursor`.
    mutating func load(_ id: Int64, keys: OrderKeys, bytes: Int = 0, _ item: @autoclosure () -> Item) -> Admission {
        if repass != nil, id > frontier { endRepass(early: false) }
        guard nodes[id] == nil else {
            passed(id)
            return .known
        }
        guard hasRoom else { return .full }
        let admission = admit(id, keys: keys, bytes: bytes, item)
        guard admission != .full else { return .full }
        passed(id)
        if admission == .leftInFile, let causes = repass?.causes, causes.allSatisfy({ self.causes.contains($0) }) {
            endRepass(early: true)
            return .full
        }
        return admission
    }

    /// A row that was just added to the file, with the highest id so far, and that needs no place here for now.
    mutating func leaveAside(_ id: Int64) {
        // Where rows before it were not looked at yet, the pass comes to it later.
        if !isBehind, repass == nil { passed(id) }
    }

    /// A row of the file, in the order of ids, that needs no place here for now.
    mutating func passOver(_ id: Int64) {
        if repass != nil, id > frontier { endRepass(early: false) }
        passed(id)
    }

    /// A row was looked at that needs no place here.
    mutating func passed(_ id: Int64) {
        cursor = max(cursor, id)
        if cursor > frontier {
            frontier = cursor
            mayRepass = true
        }
    }

    /// The pass found no more rows.
    mutating func passEnded() {
        endRepass(early: false)
        isBehind = false
        mayRepass = true
    }

    /// Somebody else added rows to the file, behind all others.
    mutating func lookBehind() {
        isBehind = true
        isHalted = false
    }

    /// Somebody else changed the file, or a transaction was rolled back: look at everything above `id` again.
    mutating func lookAgain(above id: Int64) {
        cursor = min(cursor, id)
        // A second pass that ends early jumps to the frontier: rows that nobody looked at must not lie below it.
        frontier = min(frontier, id)
        isBehind = true
        isHalted = false
    }

    /// The row is committed as taken.
    mutating func confirm(_ id: Int64) {
        guard let node = nodes[id], !node.isConfirmed else { return }
        nodes[id]?.isConfirmed = true
        unblock(id)
    }

    /// The transaction that took the row was rolled back. Rows are withdrawn in the reverse order of their admission.
    mutating func withdraw(_ id: Int64) {
        guard nodes[id] != nil else { return }
        remove(id)
        lookAgain(above: id - 1)
    }

    // MARK: Going out

    mutating func nextReady() -> (id: Int64, item: Item)? {
        while let id = ready.popFirst() {
            guard let node = nodes[id], node.isReady else { continue }
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
        bytes -= node.bytes
        // Where one quota gives a place back, another may have more.
        if !causes.isEmpty, !mayOpen { mayOpen = node.keys.quota != nil || isCause(node.keys) }
        if let quota = node.keys.quota, let held = quotas[quota] {
            quotas[quota] = held.count == 1 ? nil : (held.count - 1, held.bytes - node.bytes)
            quotaRows -= 1
        }
        leaveLanes(id, node.keys, bytes: node.bytes)
    }

    // MARK: -

    private func isCause(_ keys: OrderKeys) -> Bool {
        var isCause = false
        keys.forEach { if causes.contains($0) { isCause = true } }
        return isCause
    }

    private mutating func leaveLanes(_ id: Int64, _ keys: OrderKeys, bytes: Int) {
        keys.forEach { key in
            guard let place = lanes[key]?.ids.firstIndex(of: id) else { return }
            lanes[key]?.ids.remove(at: place)
            lanes[key]?.bytes -= bytes
            // It was one of the first: one more may go.
            if place < depth, let ids = lanes[key]?.ids, ids.count >= depth { unblock(ids[depth - 1]) }
            if lanes[key]?.isEmpty == true { lanes[key] = nil }
        }
    }

    private var hasRoom: Bool { nodes.count < capacity && bytes < byteCapacity }

    private mutating func admit(_ id: Int64, keys: OrderKeys, bytes: Int, _ item: () -> Item) -> Admission {
        var isFit = true
        var full: [OrderKey] = []
        keys.forEach { key in
            if isStanding(key) {
                full.append(key)
                isFit = false
            }
            guard let lane = lanes[key] else { return }
            let isFull = lane.ids.count >= keyCapacity || lane.bytes >= byteCapacity / 8
            if isFull { full.append(key) }
            if isFull || lane.closedFrom.map({ id >= $0 }) == true { isFit = false }
        }
        if let quota = keys.quota {
            let held = quotas[quota] ?? (0, 0)
            // Where all quotas together have their half, each still has a little.
            let isFull =
                held.count >= (quotaRows < capacity / 2 ? quotaCapacity : quotaMinimum) || held.bytes >= byteCapacity / 4
            if isFull {
                full.append(quota)
                isFit = false
            }
        }
        guard isFit else { return leave(id, keys: keys, because: full) }
        var blockers = 1
        keys.forEach { key in
            let count = lanes[key]?.ids.count ?? 0
            var place = count
            // A row that comes back takes its old place, but behind those that may be at work.
            if let last = lanes[key]?.ids.last, last > id { place = lanes[key]?.ids.firstIndex { $0 > id } ?? count }
            lanes[key, default: Lane()].ids.insert(id, at: max(place, min(depth, count)))
            lanes[key]?.bytes += bytes
            if count >= depth { blockers += 1 }
        }
        if let quota = keys.quota {
            let held = quotas[quota] ?? (0, 0)
            quotas[quota] = (held.count + 1, held.bytes + bytes)
            quotaRows += 1
        }
        nodes[id] = Node(item: item(), keys: keys, blockers: blockers, bytes: bytes)
        self.bytes += bytes
        return .taken
    }

    /// Leaves a row in the file, and with it all later ones of its keys.
    private mutating func leave(_ id: Int64, keys: OrderKeys, because full: [OrderKey]) -> Admission {
        // Of a parked key nothing need be remembered: when it is opened, everything is looked at.
        if let key = keys.first, keys.second == nil, parked.contains(key) { return .leftInFile }
        var isNew = false
        keys.forEach { if !closed.contains($0) { isNew = true } }
        // A second pass only meets keys that were closed before: it never halts.
        guard !isNew || repass != nil || closed.count < Self.closedLimit else {
            isHalted = true
            return .full
        }
        causes.formUnion(full)
        keys.forEach { key in close(key, from: id) }
        if keys.first == nil { oldestUnkeyed = min(oldestUnkeyed ?? id, id) }
        return .leftInFile
    }

    private mutating func close(_ key: OrderKey, from id: Int64) {
        closed.insert(key)
        lanes[key, default: Lane()].closedFrom = min(lanes[key]?.closedFrom ?? id, id)
    }

    private func isStanding(_ key: OrderKey) -> Bool {
        parked.contains(key) || resting.contains(key)
    }

    /// Takes the key's rows from `id` on out of the window, and with a row of two keys all that came after it under the other one.
    private mutating func evict(
        _ key: OrderKey, from id: Int64, except staying: (Int64) -> Bool
    ) -> [(id: Int64, item: Item)] {
        var leaving: [(id: Int64, item: Item)] = []
        var lanesToLeave = [(key, id)]
        while let (key, from) = lanesToLeave.popLast() {
            for id in lanes[key]?.ids.filter({ $0 >= from && !staying($0) }) ?? [] {
                guard let node = nodes[id] else { continue }
                if node.keys.second != nil {
                    causes.insert(key)
                    mayOpen = true
                    node.keys.forEach { close($0, from: id) }
                    node.keys.forEach { if $0 != key { lanesToLeave.append(($0, id)) } }
                }
                remove(id)
                leaving.append((id, node.item))
            }
        }
        return leaving.sorted { $0.id < $1.id }
    }

    private mutating func unblock(_ id: Int64) {
        guard let blockers = nodes[id]?.blockers else { return }
        nodes[id]?.blockers = blockers - 1
        if blockers == 1 { makeReady(id) }
    }

    private func hasRoom(_ key: OrderKey) -> Bool {
        if isStanding(key) { return false }
        if let held = quotas[key] {
            let most = quotaRows < capacity / 2 ? quotaCapacity : quotaMinimum
            return held.count <= most / 2 && held.bytes <= byteCapacity / 8
        }
        guard let lane = lanes[key] else { return true }
        return lane.ids.count <= keyCapacity / 2 && lane.bytes <= byteCapacity / 16
    }

    /// Where a key that was full has room again, goes back to the oldest row that was left in the file.
    private mutating func beginRepass() {
        // Tens of thousands of keys may rest: they are not looked at again for each event.
        guard mayOpen else { return }
        let opening = causes.filter { hasRoom($0) }
        guard !opening.isEmpty else { return mayOpen = false }
        causes.subtract(opening)
        // A key that is closed only because a row of it waits for another key cannot open by itself: all such are tried.
        let opened = closed.filter { !causes.contains($0) }
        var from = oldestUnkeyed
        for key in opened {
            if let closedFrom = lanes[key]?.closedFrom { from = min(from ?? closedFrom, closedFrom) }
            lanes[key]?.closedFrom = nil
            if lanes[key]?.isEmpty == true { lanes[key] = nil }
        }
        closed.subtract(opened)
        oldestUnkeyed = nil
        isHalted = false
        guard let from else { return }
        repass = Repass(opened: Array(opened), causes: Array(opening))
        mayRepass = false
        cursor = min(cursor, from - 1)
    }

    /// - Parameter early: the causes are full again before everything was looked at; what lies between stays closed.
    private mutating func endRepass(early: Bool) {
        guard let ended = repass else { return }
        repass = nil
        guard early else { return }
        for key in ended.opened { close(key, from: lanes[key]?.closedFrom ?? cursor + 1) }
        oldestUnkeyed = min(oldestUnkeyed ?? cursor + 1, cursor + 1)
        if cursor < frontier { cursor = frontier }
    }
}
