/// What waits in the file for a while: keys that rest, rows and lanes that stand aside.
extension OrderedWindow {
    // MARK: Resting

    /// When the next key wakes that rests until a time.
    var nextWakeUp: Int64? { resting.nextWakeUp }
    /// Whether a key rests until a time.
    var hasKeysToWake: Bool { resting.hasTimes }

    /// All rows of the key leave for the file, and stay there until `wake`.
    ///
    /// - Parameter staying: rows that are being worked on, and keep their places.
    /// - Returns: the rows that left.
    mutating func rest(_ key: OrderKey, except staying: (Int64) -> Bool = { _ in false }) -> [(id: Int64, item: Item)] {
        resting.rest(key)
        return evict(key, from: .min, except: staying)
    }

    /// Such rows leave for the file, and are looked for again as soon as `key` has room and does not rest.
    ///
    /// - Parameters:
    ///   - keepsOrder: whether all leaves with them that came after them under their keys.
    ///   - staying: rows that are being worked on, and keep their places.
    /// - Returns: the rows that left.
    mutating func putBack(
        because key: OrderKey, keepsOrder: Bool, where isMeant: (Item) -> Bool, except staying: (Int64) -> Bool
    ) -> [(id: Int64, item: Item)] {
        var leaving: [(id: Int64, item: Item)] = []
        for id in rows.ids where !staying(id) {
            guard let item = rows[id], isMeant(item), let all = rows.keys(of: id) else { continue }
            let keys = keepsOrder ? all : OrderKeys(nil)
            closed.leave(id, keys, because: [key])
            closed.lookAgain()
            guard keys.first != nil else {
                remove(id)
                leaving.append((id, item))
                continue
            }
            keys.forEach { leaving += evict($0, from: id, except: staying) }
        }
        return leaving.sorted { $0.id < $1.id }
    }

    /// The key's rows from `id` on leave for the file, and stay there until the time has come.
    ///
    /// - Returns: the rows that left.
    mutating func rest(
        _ key: OrderKey, from id: Int64, until time: Int64, except staying: (Int64) -> Bool = { _ in false }
    ) -> [(id: Int64, item: Item)] {
        resting.rest(key, until: time)
        closed.addCause(key)
        closed.close(key, from: id)
        return evict(key, from: id, except: staying)
    }

    /// Whether one more key may rest that a pass has met. Otherwise the pass is closed until some are open again.
    mutating func mayRest(_ key: OrderKey) -> Bool { mayClose(OrderKeys(key)) }

    /// Rows of a key that rested until somebody acts are taken again; everything is looked at for them.
    mutating func wake(_ key: OrderKey) {
        guard resting.wake(key) else { return }
        closed.lookAgain()
        lookAgain(above: 0)
    }

    /// Keys whose time has come are taken again.
    mutating func tick(now: Int64) {
        if resting.wakeDue(now: now) { closed.lookAgain() }
    }

    /// Keys that rest until a time are taken again: it may be another one by now.
    mutating func wakeAll() {
        resting.forgetTimes()
        closed.lookAgain()
    }

    /// Takes the key's rows from `id` on out of the window, and with a row of two keys all that came after it under the other one.
    private mutating func evict(
        _ key: OrderKey, from id: Int64, except staying: (Int64) -> Bool
    ) -> [(id: Int64, item: Item)] {
        var leaving: [(id: Int64, item: Item)] = []
        var keysToLeave = [(key, id)]
        while let (key, from) = keysToLeave.popLast() {
            for id in rows.ids(of: key) where id >= from && !staying(id) {
                guard let item = rows[id], let keys = rows.keys(of: id) else {
                    assertionFailure("a row waits for its turn and is not in memory")
                    continue
                }
                if keys.second != nil {
                    closed.addCause(key)
                    keys.forEach { other in
                        closed.close(other, from: id)
                        if other != key { keysToLeave.append((other, id)) }
                    }
                }
                remove(id)
                leaving.append((id, item))
            }
        }
        return leaving.sorted { $0.id < $1.id }
    }

    // MARK: Standing aside

    /// The row keeps its place in memory, and lets the later ones of its keys pass.
    mutating func standAside(_ id: Int64) {
        if let keys = rows.standAside(id) { closed.left(OrderKeys(keys.first, keys.second)) }
    }

    /// A row that stood aside takes its turn: next in its lane, after the one that may be at work.
    ///
    /// - Returns: whether its turn is now. Otherwise it is ready again when it is.
    mutating func takeTurn(_ id: Int64, lane key: OrderKey) -> Bool { rows.takeTurn(id, key) }

    /// The rows of a lane from `id` on leave for the file, and give up their places under other keys: nobody waits for them. Rows of
    /// other lanes that merely go to the same target stay.
    ///
    /// Nothing is remembered of them. Whoever calls this keeps later rows of the lane out, and looks again when they may come.
    ///
    /// - Parameter staying: rows that are being worked on, and keep their places.
    /// - Returns: the rows that left.
    mutating func standAside(lane: OrderKey, from id: Int64, except staying: (Int64) -> Bool) -> [Int64] {
        let leaving = rows.ids(of: lane).filter { $0 >= id && rows.keys(of: $0)?.first == lane && !staying($0) }
        for id in leaving { remove(id) }
        return leaving
    }
}
