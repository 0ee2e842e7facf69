internal import CSimulatedMachine
internal import HeapModule

/// Virtual time: everything that happens is an event here, and the next one is the one with the earliest time.
///
/// Every type of this target that says `@unchecked Sendable` is touched by the simulation's one thread only.
final class World: @unchecked Sendable {
    /// Microseconds.
    typealias Time = Int64

    enum Kind: UInt8, CaseIterable {
        case loop, task, writer, network, engine, user, fault, watch, operatorVerb, handler
    }

    final class Event: Comparable {
        let time: Time
        let number: UInt64
        let kind: Kind
        let owner: Int
        var body: (() -> Void)?

        init(time: Time, number: UInt64, kind: Kind, owner: Int, body: @escaping () -> Void) {
            self.time = time
            self.number = number
            self.kind = kind
            self.owner = owner
            self.body = body
        }

        func cancel() { body = nil }

        static func < (left: Event, right: Event) -> Bool {
            left.time != right.time ? left.time < right.time : left.number < right.number
        }
        static func == (left: Event, right: Event) -> Bool { left === right }
    }

    private var queue = Heap<Event>()
    private var last: UInt64 = 0
    private(set) var digest = Digest()
    private(set) var events = 0
    /// How deep events run within an event: a thread that waits for its disk lets the others go on.
    private(set) var depth = 0
    var dice: Dice
    var trace: ((String) -> Void)?
    /// Ends the run.
    var mustEnd = false
    /// Happens before anything else, once no event is within another one: a process has died.
    var urgent: (() -> Void)?

    init(seed: UInt64) {
        dice = Dice(seed: seed, for: "world")
    }

    /// By the steady clock, which starts anew with each run.
    var now: Time { simulated_clock_steady() / 1_000 }
    var wall: Time { simulated_clock_wall() / 1_000 }

    /// - Parameter owner: the number of a process whose death ends it; 0: nobody's.
    @discardableResult
    func after(_ delay: Time, _ kind: Kind, owner: Int = 0, _ body: @escaping () -> Void) -> Event {
        last += 1
        let event = Event(time: now + max(0, delay), number: last, kind: kind, owner: owner, body: body)
        queue.insert(event)
        return event
    }

    func note(_ text: @autoclosure () -> String) {
        guard let trace else { return }
        let time = now - 1_000_000_000
        trace("\(time / 1_000_000).\(String(1_000_000 + time % 1_000_000).dropFirst()) \(text())")
    }

    func mix(_ word: UInt64) { digest.add(word) }

    /// Runs events until the time has come.
    func run(until end: Time) {
        while !mustEnd {
            if let body = urgent {
                urgent = nil
                body()
                continue
            }
            guard let next = queue.min, next.time <= end else { break }
            step()
        }
        if !mustEnd { pass(to: end) }
    }

    /// One thread waits for so long; the others go on meanwhile.
    ///
    /// - Parameter isHeld: kinds of events that cannot happen meanwhile; they happen after it.
    func wait(_ time: Time, holding isHeld: (Event) -> Bool) {
        depth += 1
        defer { depth -= 1 }
        let end = now + time
        var held: [Event] = []
        while !mustEnd, urgent == nil, let next = queue.min, next.time <= end {
            if isHeld(next) {
                held.append(queue.removeMin())
            } else {
                step()
            }
        }
        for event in held { queue.insert(event) }
        if !mustEnd, urgent == nil { pass(to: end) }
    }

    private func pass(to time: Time) {
        let left = time - now
        if left > 0 { simulated_clock_advance(left * 1_000) }
    }

    private func step() {
        let event = queue.removeMin()
        guard let body = event.body else { return }
        event.body = nil
        pass(to: event.time)
        events += 1
        digest.add(UInt64(bitPattern: event.time) << 4 | UInt64(event.kind.rawValue))
        body()
    }

    /// A process died: what it had still to do does not happen.
    func forget(owner: Int) {
        let left = queue.unordered.filter { $0.owner != owner && $0.body != nil }
        queue = Heap(left)
    }

    /// Runs what a dead process has still to do, and nothing else.
    func unwind(owner: Int, limit: Time, until isOver: () -> Bool) {
        let end = now + limit
        var others: [Event] = []
        var steps = 0
        while !isOver(), let next = queue.min, steps < 1_000_000 {
            guard next.owner == owner else {
                others.append(queue.removeMin())
                continue
            }
            guard next.time <= end else { break }
            steps += 1
            let event = queue.removeMin()
            pass(to: event.time)
            event.body?()
        }
        for event in others { queue.insert(event) }
    }
}
