internal import DequeModule

/// The receipts of commands from outside that are not answered, by the commands' ids. Pure.
///
/// It keeps none of them: one that nobody holds any more is forgotten. When as many have come as were there after the last sweep, all
/// are swept.
struct Receipts: Sendable, ExpressibleByDictionaryLiteral {
    private struct Place: Sendable {
        weak var receipt: Receipt?
    }

    private var places: [Int64: Place] = [:]
    /// Each id of `places`, in the order of the next looks at the file; and ids that have left it since the last sweep.
    private var order: Deque<Int64> = []
    /// So many at the front of the order are to be looked at.
    private var toLookAt = 0
    private var sweepAt = Self.leastSweep

    private static let leastSweep = 1_024

    init() {}

    init(dictionaryLiteral elements: (Int64, Receipt)...) {
        for (_, receipt) in elements { insert(receipt) }
    }

    /// Places that are kept, whether somebody holds their receipts or not.
    var count: Int { places.count }

    /// Those that somebody holds.
    var values: [Receipt] { places.values.compactMap(\.receipt) }

    subscript(id: Int64) -> Receipt? { places[id]?.receipt }

    mutating func insert(_ receipt: Receipt) {
        if order.count >= sweepAt { sweep() }
        if places.updateValue(Place(receipt: receipt), forKey: receipt.id) == nil { order.append(receipt.id) }
    }

    /// - Returns: the receipt, where somebody holds it. It is answered then, or never.
    mutating func removeValue(forKey id: Int64) -> Receipt? {
        places.isEmpty ? nil : places.removeValue(forKey: id)?.receipt
    }

    // MARK: Looking at the file

    /// Others may have ended any of them in the file.
    mutating func lookAgain() { toLookAt = order.count }

    /// Whether some are still to be looked at.
    var wantsLook: Bool { toLookAt > 0 }

    /// - Returns: the next ones to look at, those that have waited longest for it first.
    mutating func nextLook(limit: Int) -> [Int64] {
        var ids: [Int64] = []
        while toLookAt > 0, ids.count < limit, let id = order.popFirst() {
            toLookAt -= 1
            guard let place = places[id] else { continue }
            guard place.receipt != nil else {
                places[id] = nil
                continue
            }
            order.append(id)
            ids.append(id)
        }
        return ids
    }

    private mutating func sweep() {
        var (kept, left, toLookAt): ([Int64: Place], Deque<Int64>, Int) = ([:], [], 0)
        for (index, id) in order.enumerated() {
            // The second time that an id comes it has no place any more.
            guard let place = places.removeValue(forKey: id), place.receipt != nil else { continue }
            kept[id] = place
            left.append(id)
            if index < self.toLookAt { toLookAt += 1 }
        }
        (places, order, self.toLookAt) = (kept, left, toLookAt)
        sweepAt = max(Self.leastSweep, 2 * left.count)
    }
}
