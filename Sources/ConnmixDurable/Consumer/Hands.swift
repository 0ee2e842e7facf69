internal import Synchronization

/// Which handler has which entry in hand, and since when.
///
/// A handler says so with three stores and no lock; who asks reads them now and then.
final class Hands: Sendable {
    /// An entry in a handler's hand.
    struct Holding: Sendable, Equatable {
        let entry: Int64
        /// By the steady clock, in microseconds.
        let since: Int64
    }

    /// How many handlers there are.
    let count: Int
    private let slots: Int
    /// How long a handler may have one message until it counts as held, in microseconds.
    let patience: Int64
    /// Two words a handler: its entry or 0, and since when. The pointer is set once, and what it leads to is atomic: an array cannot hold
    /// atomics, and each store is on the way of a message.
    private nonisolated(unsafe) let words: UnsafeMutablePointer<Atomic<Int64>>

    /// - Parameters:
    ///   - slots: how many attempts may be under way, those that wait for a handler included.
    ///   - count: `nil` where none waits for one.
    init(slots: Int, count: Int? = nil, patience: Duration = .seconds(30)) {
        self.count = count ?? slots
        self.slots = slots
        self.patience = patience.microseconds
        words = .allocate(capacity: 2 * slots)
        for place in 0..<2 * slots { (words + place).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: 2 * slots)
        words.deallocate()
    }

    /// The handler of this number takes the entry.
    func took(_ entry: Int64, handler: Int) {
        words[2 * handler].store(0, ordering: .relaxed)
        words[2 * handler + 1].store(Clock.steady(), ordering: .releasing)
        words[2 * handler].store(entry, ordering: .releasing)
    }

    /// The handler of this number has returned.
    func gave(handler: Int) {
        words[2 * handler].store(0, ordering: .releasing)
    }

    /// Whether any handler has one.
    var hasAny: Bool { (0..<slots).contains { words[2 * $0].load(ordering: .relaxed) != 0 } }

    /// What has been in hand for at least so many microseconds, the longest first. One that changes meanwhile may be left out.
    func held(for limit: Int64 = 0, now: Int64 = Clock.steady()) -> [Holding] {
        var found: [Holding] = []
        for handler in 0..<slots {
            let entry = words[2 * handler].load(ordering: .acquiring)
            let since = words[2 * handler + 1].load(ordering: .acquiring)
            guard entry != 0, now - since >= limit, words[2 * handler].load(ordering: .relaxed) == entry else { continue }
            found.append(Holding(entry: entry, since: since))
        }
        return found.sorted { ($0.since, $0.entry) < ($1.since, $1.entry) }
    }
}

/// Decides when it is told that handlers do not come back. Pure.
///
/// A message that takes its time by design must not fill the log: of one it is told once it counts as held, and each time its time has
/// doubled; and at once when every handler holds one.
struct HandlerWatch: Sendable {
    private var told: Hands.Holding?
    private var nextAt: Int64 = 0
    private var wasAll = false

    /// - Parameters:
    ///   - held: those that count as held, the longest first.
    ///   - count: how many handlers there are.
    ///   - now: by the steady clock.
    /// - Returns: whether it is to be told now.
    mutating func look(_ held: [Hands.Holding], of count: Int, now: Int64) -> Bool {
        guard let longest = held.first else {
            (told, wasAll) = (nil, false)
            return false
        }
        let isAll = held.count >= count
        guard longest != told || now >= nextAt || isAll && !wasAll else { return false }
        (told, wasAll) = (longest, isAll)
        nextAt = longest.since + 2 * (now - longest.since)
        return true
    }
}
