internal import DequeModule

/// The requests of one connection that wait for their answers, by id.
///
/// Ids count up from 1 and every request has the same time limit, so one deque serves for finding by id and for expiring by
/// age: the oldest is first. What was not answered in time is *late* and still found by its id: an answer may yet come.
struct RequestTable<Purpose> {
    private struct Slot {
        var purpose: Purpose?
        var deadline: ContinuousClock.Instant
    }

    /// Late requests further back than so many are forgotten, so that one which is never answered keeps nothing else.
    static var reach: Int { 65_536 }

    private var slots: Deque<Slot> = []
    /// The id of `slots.first`.
    private var firstID: Int64 = 1
    /// How many slots at the front are late, or answered.
    private var late = 0
    /// Requests that wait and are not late.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var nextDeadline: ContinuousClock.Instant? { late < slots.count ? slots[late].deadline : nil }

    /// - Returns: the new request's id.
    mutating func add(_ purpose: Purpose, deadline: ContinuousClock.Instant) -> Int64 {
        slots.append(Slot(purpose: purpose, deadline: deadline))
        count += 1
        while late > 0, slots.count > Self.reach { dropFirst() }
        return firstID + Int64(slots.count) - 1
    }

    /// What the request with this id was for; `nil` where none waits (never sent, answered already, forgotten).
    mutating func take(_ id: Int64) -> Purpose? {
        let (index, overflow) = id.subtractingReportingOverflow(firstID)
        guard !overflow, index >= 0, index < slots.count, let purpose = slots[Int(index)].purpose.take() else { return nil }
        if index >= late { count -= 1 }
        trim()
        return purpose
    }

    /// The oldest request whose time is up and that was not told of yet. It is late from now on.
    mutating func expire(now: ContinuousClock.Instant) -> Purpose? {
        guard late < slots.count, slots[late].deadline <= now, let purpose = slots[late].purpose else { return nil }
        late += 1
        count -= 1
        trim()
        return purpose
    }

    /// Gives every request more time.
    mutating func postpone(by duration: Duration) {
        for index in slots.indices { slots[index].deadline += duration }
    }

    /// Everything that still waits, the late ones too, oldest first.
    mutating func removeAll() -> [Purpose] {
        defer {
            firstID += Int64(slots.count)
            slots.removeAll()
            late = 0
            count = 0
        }
        return slots.compactMap(\.purpose)
    }

    /// Answered slots leave at the front, and are passed by where the late ones end.
    private mutating func trim() {
        while !slots.isEmpty, slots[0].purpose == nil { dropFirst() }
        while late < slots.count, slots[late].purpose == nil { late += 1 }
    }

    private mutating func dropFirst() {
        slots.removeFirst()
        firstID += 1
        if late > 0 { late -= 1 }
    }
}
