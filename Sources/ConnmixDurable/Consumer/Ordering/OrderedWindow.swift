/// The rows of a table that are in memory, in order by their keys; the rest waits in the file. Pure.
///
/// A row is *ready* when it is among the oldest `depth` of each of its keys (one, as a rule). The window is bounded: what does not
/// fit is left in the file and loaded in the order of ids once there is room (`FilePass`).
///
/// Three words for what is not ready, here and in all that builds on it:
/// - A key *is closed* from a row on that did not fit: later rows of the key stay in the file too, so that its order holds
///   (`ClosedKeys`). Where more keys would have to be closed than are remembered, the pass over the file itself is closed.
/// - A key *rests*: none of its rows has a place in memory, until a time, or until somebody acts (`RestingKeys`). In the file a lane
///   that rests until somebody acts is called parked.
/// - A row, or a lane, *stands aside*: it gives up its places under the keys that it shares with others, and nobody waits for it.
///
/// So that one deep key cannot fill the window for all, a key holds at most `keyCapacity` rows, a quota (the node that calls must go
/// to) an eighth of the window, or where all quotas together have half of it a 64th. When a key that was full has room again, a second
/// pass goes over the file from the oldest row that was left, and ends as soon as the key is full once more.
///
/// All of it is bounded by bytes too: the window by `byteCapacity`, a key by an eighth of that, a quota by a quarter. A single row may
/// be larger than any of them.
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

    private let bounds: WindowBounds
    var rows: OrderedRows<Item>
    private var quotas = Quotas()
    var resting = RestingKeys()
    var closed = ClosedKeys()
    private var pass = FilePass()

    init(capacity: Int, keyCapacity: Int, byteCapacity: Int = .max, depth: Int = 1) {
        bounds = WindowBounds(rows: capacity, bytes: byteCapacity, rowsOfKey: keyCapacity)
        rows = OrderedRows(depth: depth)
    }

    var count: Int { rows.load.rows }
    var bytes: Int { rows.load.bytes }
    /// Nothing is in memory, and what is known to be open in the file rests.
    var isAtRest: Bool { rows.isEmpty && pass.isAtEnd && closed.causes.allSatisfy { resting.contains($0) } }
    var confirmedIDs: [Int64] { rows.confirmedIDs }
    /// There may be rows in the file that no pass has come to.
    var isBehind: Bool { pass.isBehind }
    /// Every row of the file up to here was looked at in this pass.
    var cursor: Int64 { pass.cursor }

    subscript(id: Int64) -> Item? {
        get { rows[id] }
        set { rows[id] = newValue }
    }

    func contains(_ id: Int64) -> Bool { rows.contains(id) }
    func isReady(_ id: Int64) -> Bool { rows.isReady(id) }
    func isConfirmed(_ id: Int64) -> Bool { rows.isConfirmed(id) }

    /// The rows of the key, oldest first.
    func rows(of key: OrderKey) -> [Int64] { rows.ids(of: key) }

    /// The older rows of its keys, which a row that is ready may have where `depth` is more than one.
    func predecessors(of id: Int64) -> [Int64] { rows.predecessors(of: id) }

    // MARK: Coming in

    /// A row that was just added to the file, with the highest id so far.
    mutating func append(_ id: Int64, keys: OrderKeys, bytes: Int = 0, _ item: @autoclosure () -> Item) -> Admission {
        guard pass.isAtEnd, bounds.hasRoom(beside: rows.load) else {
            pass.leftBehind()
            return .leftInFile
        }
        let admission = admit(id, keys: keys, bytes: bytes, item)
        guard admission != .full else {
            pass.leftBehind()
            return .leftInFile
        }
        pass.added(id)
        return admission
    }

    /// A row of the file, in the order of ids above `cursor`.
    mutating func load(_ id: Int64, keys: OrderKeys, bytes: Int = 0, _ item: @autoclosure () -> Item) -> Admission {
        pass.reached(id)
        guard !rows.contains(id) else {
            pass.passed(id)
            return .known
        }
        guard bounds.hasRoom(beside: rows.load) else { return .full }
        let admission = admit(id, keys: keys, bytes: bytes, item)
        guard admission != .full else { return .full }
        pass.passed(id)
        if admission == .leftInFile, let opening = pass.second, closed.areCauses(opening.causes) {
            if let (opening, from) = pass.endSecondEarly() { closed.closeAgain(opening, from: from) }
            return .full
        }
        return admission
    }

    /// A row that was just added to the file, with the highest id so far, and that needs no place here for now.
    mutating func passOverNew(_ id: Int64) {
        // Where rows before it were not looked at yet, the pass comes to it later.
        if pass.isAtEnd { pass.passed(id) }
    }

    /// A row of the file, in the order of ids, that needs no place here for now.
    mutating func passOver(_ id: Int64) {
        pass.reached(id)
        pass.passed(id)
    }

    /// A row was looked at that needs no place here.
    mutating func passed(_ id: Int64) {
        pass.passed(id)
    }

    /// The row is committed as taken.
    mutating func confirm(_ id: Int64) {
        rows.confirm(id)
    }

    /// The transaction that took the row was rolled back. Rows are withdrawn in the reverse order of their admission.
    mutating func withdraw(_ id: Int64) {
        guard removeIfPresent(id) else { return }
        lookAgain(above: id - 1)
    }

    private mutating func admit(_ id: Int64, keys: OrderKeys, bytes: Int, _ item: () -> Item) -> Admission {
        var isFit = true
        var full: [OrderKey] = []
        keys.forEach { key in
            if resting.contains(key) || rows.load(of: key).map({ bounds.isFull(key: $0) }) == true {
                full.append(key)
                isFit = false
            } else if closed.isClosed(key, for: id) {
                isFit = false
            }
        }
        if let quota = keys.quota, quotas.isFull(quota, in: bounds) {
            full.append(quota)
            isFit = false
        }
        guard isFit else { return leave(id, keys: keys, because: full) }
        if let quota = keys.quota { quotas.took(quota, bytes: bytes) }
        rows.insert(id, keys: keys, bytes: bytes, item)
        return .taken
    }

    /// Leaves a row in the file, and with it all later ones of its keys.
    private mutating func leave(_ id: Int64, keys: OrderKeys, because full: [OrderKey]) -> Admission {
        // When a key wakes that rested until somebody acts, everything is looked at: nothing need be remembered of its rows.
        if let key = keys.first, keys.second == nil, resting.isUntilWoken(key) { return .leftInFile }
        guard mayClose(keys) else { return .full }
        closed.leave(id, keys, because: full)
        return .leftInFile
    }

    /// A second pass only meets keys that were closed before: it is never closed.
    mutating func mayClose(_ keys: OrderKeys) -> Bool {
        if closed.hasRoom(for: keys) || pass.second != nil { return true }
        pass.close()
        return false
    }

    // MARK: The pass over the file

    /// Whether reading the file may find something that there is room for. It opens nothing: whoever asks is not who reads.
    mutating func wantsPass() -> Bool {
        guard bounds.roomForPass(beside: rows.load) != nil else { return false }
        return pass.isWanted || pass.isTurnOfSecond && hasRoomyCause()
    }

    private mutating func hasRoomyCause() -> Bool {
        guard closed.mayOpen else { return false }
        if closed.causes.contains(where: { hasRoomAgain($0) }) { return true }
        closed.foundNoRoom()
        return false
    }

    /// Where to go on reading the file, and how many rows at most; `nil` where nothing is to be read now. What is found there is loaded
    /// only if `isAt` still holds.
    mutating func nextPass(limit: Int) -> FilePass.Look? {
        if pass.isTurnOfSecond { openWhereRoom() }
        guard pass.isWanted, let room = bounds.roomForPass(beside: rows.load) else { return nil }
        return pass.look(limit: min(limit, room))
    }

    /// Whether the pass still stands where that look began. Whatever has happened since, it is looked again.
    func isAt(_ look: FilePass.Look) -> Bool { pass.isAt(look) }

    /// The pass found no more rows.
    mutating func passEnded() {
        pass.ended()
    }

    /// Somebody else added rows to the file, behind all others.
    mutating func lookBehind() {
        pass.lookBehind()
    }

    /// Somebody else changed the file, or a transaction was rolled back: look at everything above `id` again.
    mutating func lookAgain(above id: Int64) {
        pass.lookAgain(above: id)
    }

    /// Where a key that was full has room again, goes back to the oldest row that was left in the file.
    private mutating func openWhereRoom() {
        // Tens of thousands of keys may rest: they are not looked at again for each event.
        guard closed.mayOpen else { return }
        let roomy = closed.causes.filter { hasRoomAgain($0) }
        let opening = closed.open(roomy)
        if !roomy.isEmpty { pass.open(opening) }
    }

    private func hasRoomAgain(_ key: OrderKey) -> Bool {
        if resting.contains(key) { return false }
        if let hasRoom = quotas.hasRoomAgain(key, in: bounds) { return hasRoom }
        return rows.load(of: key).map { bounds.hasRoomAgain(key: $0) } ?? true
    }

    // MARK: Going out

    mutating func nextReady() -> (id: Int64, item: Item)? { rows.nextReady() }

    /// Makes a row ready again that was taken by `nextReady`, for instance until its retry. It has kept its place, unless `hold` was called.
    /// Where it still waits for another one of its keys, it is ready when its turn comes.
    ///
    /// - Parameter first: before all that are ready already.
    mutating func makeReady(_ id: Int64, first: Bool = false) {
        rows.makeReady(id, first: first)
    }

    /// A row that came from `nextReady` is not at work: what came before it and comes back goes before it. It is ready again with
    /// `makeReady`.
    mutating func hold(_ id: Int64) {
        rows.hold(id)
    }

    /// The row is finished; the next ones of its keys may be ready now.
    mutating func remove(_ id: Int64) {
        let wasHere = removeIfPresent(id)
        assert(wasHere, "a row was removed that is not in memory")
    }

    /// Like `remove`, for a row that may have left before.
    @discardableResult
    mutating func removeIfPresent(_ id: Int64) -> Bool {
        guard let row = rows.remove(id) else { return false }
        closed.left(row.keys)
        if let quota = row.keys.quota { quotas.gave(quota, bytes: row.bytes) }
        return true
    }
}
