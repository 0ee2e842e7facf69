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
/// A message that takes its time by design must not fill the log. Of one it is told once it counts as held, and each time its time has
/// doubled. One that came back shows what is usual here: of others it is told once they have taken twice as long. When every handler holds
/// one it is told at once, the first time. All that is forgotten after an hour without any.
struct HandlerWatch: Sendable {
    /// What came back after longer than half of that teaches no more: a handler that hung for a night must not hide the next one.
    static let longestLimit: Int64 = 20 * 60 * 1_000_000
    static let memory: Int64 = 60 * 60 * 1_000_000

    private var longest: Hands.Holding?
    /// Of what has been in hand for less it is not told.
    private var limit: Int64 = 0
    private var wasAll = false
    /// When one was held last.
    private var lastAt: Int64 = 0

    /// - Parameters:
    ///   - held: those that count as held, the longest first.
    ///   - count: how many handlers there are.
    ///   - now: by the steady clock, in microseconds.
    /// - Returns: whether it is to be told now.
    mutating func look(_ held: [Hands.Holding], of count: Int, now: Int64) -> Bool {
        if let before = longest, before != held.first {
            limit = min(max(limit, 2 * (now - before.since)), Self.longestLimit)
        }
        longest = held.first
        guard let longest else {
            if now - lastAt >= Self.memory { (limit, wasAll) = (0, false) }
            return false
        }
        lastAt = now
        let isFirstOfAll = held.count >= count && !wasAll
        guard now - longest.since >= limit || isFirstOfAll else { return false }
        wasAll = wasAll || isFirstOfAll
        limit = max(limit, 2 * (now - longest.since))
        return true
    }
}
