/// Keys that are closed: from a row on, which did not fit, theirs wait in the file, so that the order holds. Pure.
///
/// A row of two keys closes both. Only one of them may be the *cause*: it is full, or it rests. When a cause has room again, all keys
/// that are no causes themselves are opened: a key that waits for another one's room cannot open by itself.
struct ClosedKeys: Sendable {
    /// Keys that were opened, for a second pass over the file.
    struct Opening {
        /// The oldest row that was left there.
        let from: Int64
        let keys: [OrderKey]
        /// Those that have room again, and why the pass is made.
        let causes: [OrderKey]
    }

    /// More are not remembered.
    private static var limit: Int { 65_536 }

    /// The first row of each that waits in the file.
    private var firsts: [OrderKey: Int64] = [:]
    private(set) var causes: Set<OrderKey> = []
    /// The oldest row without a key that waits in the file.
    private var oldestUnkeyed: Int64?
    /// Something has left or woken since no cause had room.
    private(set) var mayOpen = true

    func contains(_ key: OrderKey) -> Bool { firsts[key] != nil }
    /// Whether the row must wait in the file behind others of the key.
    func isClosed(_ key: OrderKey, for id: Int64) -> Bool { firsts[key].map { id >= $0 } ?? false }
    func areCauses(_ keys: [OrderKey]) -> Bool { keys.allSatisfy { causes.contains($0) } }

    /// Whether the keys can be remembered, those that are not closed yet.
    func hasRoom(for keys: OrderKeys) -> Bool {
        guard firsts.count >= Self.limit else { return true }
        var areKnown = true
        keys.forEach { if firsts[$0] == nil { areKnown = false } }
        return areKnown
    }

    // MARK: Closing

    mutating func close(_ key: OrderKey, from id: Int64) {
        firsts[key] = min(firsts[key] ?? id, id)
    }

    /// A row and all later ones of its keys wait in the file.
    mutating func leave(_ id: Int64, _ keys: OrderKeys, because full: [OrderKey]) {
        causes.formUnion(full)
        keys.forEach { close($0, from: id) }
        if keys.first == nil { oldestUnkeyed = min(oldestUnkeyed ?? id, id) }
    }

    mutating func addCause(_ key: OrderKey) {
        causes.insert(key)
    }

    // MARK: Opening

    /// A row with these keys gave its places back.
    mutating func left(_ keys: OrderKeys) {
        guard !causes.isEmpty, !mayOpen else { return }
        // Where one quota gives a place back, another may have more.
        if keys.quota != nil { return mayOpen = true }
        keys.forEach { if causes.contains($0) { mayOpen = true } }
    }

    /// Some may have room again.
    mutating func lookAgain() {
        mayOpen = true
    }

    /// No cause has room.
    mutating func foundNoRoom() {
        mayOpen = false
    }

    /// - Parameter causes: those that have room again.
    /// - Returns: what was opened; `nil` where nothing waits in the file.
    mutating func open(_ roomy: Set<OrderKey>) -> Opening? {
        guard !roomy.isEmpty else {
            mayOpen = false
            return nil
        }
        causes.subtract(roomy)
        var from = oldestUnkeyed
        var opened: [OrderKey] = []
        for (key, first) in firsts where !causes.contains(key) {
            from = min(from ?? first, first)
            opened.append(key)
        }
        for key in opened { firsts[key] = nil }
        oldestUnkeyed = nil
        return from.map { Opening(from: $0, keys: opened, causes: Array(roomy)) }
    }

    /// The causes were full again before everything was looked at: what lies from there on stays closed.
    mutating func closeAgain(_ opening: Opening, from id: Int64) {
        for key in opening.keys where firsts[key] == nil { firsts[key] = id }
        oldestUnkeyed = min(oldestUnkeyed ?? id, id)
    }
}
