/// Values by the ids of their rows: a hash table with open addressing. Pure.
///
/// A dictionary hashes each key so that nobody can choose keys that collide, which costs several times what looking at the place does. Ids
/// are given by the writer and nobody chooses them, so a multiplication spreads them. A value is found once and changed where it lies.
struct IDTable<Value: Sendable>: Sendable {
    private struct Entry {
        let id: Int64
        var value: Value
    }

    /// Without gaps, in no order.
    private var entries: ContiguousArray<Entry> = []
    /// Which entry is at home near here; below zero where there is none. At most half are taken.
    private var index = ContiguousArray<Int32>(repeating: -1, count: 16)
    private var shift: UInt64 = 60

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// All ids, in no order.
    var keys: [Int64] { entries.map(\.id) }

    subscript(id: Int64) -> Value? { find(id).map { entries[$0].value } }

    func contains(_ id: Int64) -> Bool { find(id) != nil }

    // MARK: Places

    /// Where the id is, until one is added or removed.
    func find(_ id: Int64) -> Int? {
        let slot = slot(of: id)
        return index[slot] < 0 ? nil : Int(index[slot])
    }

    /// The value at a place that `find` has found.
    @inline(__always)
    subscript(at place: Int) -> Value {
        _read { yield entries[place].value }
        _modify { yield &entries[place].value }
    }

    /// The id's slot of the index, or the free one where it would be.
    private func slot(of id: Int64) -> Int {
        var slot = home(of: id)
        while index[slot] >= 0, entries[Int(index[slot])].id != id { slot = (slot + 1) & (index.count - 1) }
        return slot
    }

    private func home(of id: Int64) -> Int {
        Int(truncatingIfNeeded: (UInt64(bitPattern: id) &* 0x9E37_79B9_7F4A_7C15) >> shift)
    }

    // MARK: Changes

    /// Adds a value whose id is not there.
    mutating func insert(_ value: Value, for id: Int64) {
        if 2 * (entries.count + 1) > index.count { grow() }
        let slot = slot(of: id)
        precondition(index[slot] < 0, "an id came in twice")
        index[slot] = Int32(entries.count)
        entries.append(Entry(id: id, value: value))
    }

    mutating func remove(_ id: Int64) -> Value? {
        let slot = slot(of: id)
        guard index[slot] >= 0 else { return nil }
        let place = Int(index[slot])
        vacate(slot)
        // The last entry takes its place.
        if place < entries.count - 1 {
            index[self.slot(of: entries[entries.count - 1].id)] = Int32(place)
            entries.swapAt(place, entries.count - 1)
        }
        return entries.removeLast().value
    }

    /// Frees a slot; what had to go past it moves up, so that nothing need mark it.
    private mutating func vacate(_ slot: Int) {
        let mask = index.count - 1
        var hole = slot
        var next = slot
        while true {
            next = (next + 1) & mask
            guard index[next] >= 0 else { break }
            let distance = (next - home(of: entries[Int(index[next])].id)) & mask
            guard distance >= (next - hole) & mask else { continue }
            index[hole] = index[next]
            hole = next
        }
        index[hole] = -1
    }

    private mutating func grow() {
        shift -= 1
        index = ContiguousArray(repeating: -1, count: 2 * index.count)
        for (place, entry) in entries.enumerated() { index[slot(of: entry.id)] = Int32(place) }
    }
}
