internal import DequeModule

/// The requests of one connection that wait for their answers, by id.
///
/// Ids count up from 1 and every request has the same time limit, so one deque serves for finding by id and for expiring by
/// age: the oldest is first.
struct RequestTable<Purpose> {
    private struct Slot {
        var purpose: Purpose?
        var deadline: ContinuousClock.Instant
    }

    private var slots: Deque<Slot> = []
    /// The id of `slots.first`.
    private var firstID: Int64 = 1
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var nextDeadline: ContinuousClock.Instant? { slots.first?.deadline }

    /// - Returns: the new request's id.
    mutating func add(_ purpose: Purpose, deadline: ContinuousClock.Instant) -> Int64 {
        slots.append(Slot(purpose: purpose, deadline: deadline))
        count += 1
        return firstID + Int64(slots.count) - 1
    }

    /// What the request with this id was for; `nil` where none waits (never sent, answered already, too late).
    mutating func take(_ id: Int64) -> Purpose? {
        let (index, overflow) = id.subtractingReportingOverflow(firstID)
        guard !overflow, index >= 0, index < slots.count, let purpose = slots[Int(index)].purpose else { return nil }
        slots[Int(index)].purpose = nil
        count -= 1
        trim()
        return purpose
    }

    /// The oldest request whose time is up.
    mutating func expire(now: ContinuousClock.Instant) -> Purpose? {
        guard let first = slots.first, first.deadline <= now, let purpose = first.purpose else { return nil }
        slots[0].purpose = nil
        count -= 1
        trim()
        return purpose
    }

    /// Gives every request more time.
    mutating func postpone(by duration: Duration) {
        for index in slots.indices { slots[index].deadline += duration }
    }

    /// Everything that still waits, oldest first.
    mutating func removeAll() -> [Purpose] {
        defer {
            firstID += Int64(slots.count)
            slots.removeAll()
            count = 0
        }
        return slots.compactMap(\.purpose)
    }

    private mutating func trim() {
        while let first = slots.first, first.purpose == nil {
            slots.removeFirst()
            firstID += 1
        }
    }
}
