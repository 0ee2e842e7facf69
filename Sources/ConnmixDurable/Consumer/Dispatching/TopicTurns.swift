internal import HeapModule

/// Topics that may have only so many handlers at once: is there a place? Pure.
///
/// An entry whose topic has none waits here, out of the way of all others, and is made ready again when one is free. The oldest is first.
///
/// A topic that is probed has one place, and that from time to time. It goes to the newest that was not tried yet, every second time, and
/// round among those that wait, so that no number of those that always fail keeps the others from being tried.
struct TopicTurns: Sendable {
    private struct Probe {
        /// Nobody is tried before.
        var nextAt: Int64
        /// Whose turn it is, from when it is called until its outcome is committed. One that takes longer than that time hangs, perhaps
        /// for ever: another one is tried beside it.
        var current: (id: Int64, until: Int64)?
        /// Who was tried last.
        var last: Int64 = 0
        /// Where those that go round have come to.
        var round: Int64 = 0
        /// The newest that was tried.
        var newest: Int64 = 0

        init(nextAt: Int64) {
            self.nextAt = nextAt
        }

        /// When another one may be tried.
        var freeAt: Int64 { max(nextAt, current?.until ?? .min) }
        func isFree(now: Int64) -> Bool { now >= freeAt }

        mutating func took(_ id: Int64, now: Int64) {
            current = (id, now + Outages.longestPause.microseconds)
        }
    }

    private struct Topic {
        /// `nil`: any number.
        let limit: Int?
        var running = 0
        /// One that is not in the set `waiting` any more is passed over.
        var waiting = Heap<Int64>()
        /// How many of them are.
        var waitingCount = 0
        var probe: Probe?

        var free: Int { limit.map { max(0, $0 - running) } ?? .max }
    }

    private var topics: [String: Topic]
    /// Which topic's place an entry has.
    private var running: [Int64: String] = [:]
    private var waiting: Set<Int64> = []
    /// How many topics are probed.
    private var probed = 0
    /// Those that waited for a topic that nothing holds up any more.
    private var released: [Int64] = []

    /// - Parameter limits: of the topics that have one.
    init(limits: [String: Int] = [:]) {
        topics = limits.mapValues { Topic(limit: $0) }
    }

    /// What bounds the entries of a topic in memory, so that one that is slow does not fill it; `nil` where nothing holds it up.
    func quota(of topic: String) -> OrderKey? { topics[topic] == nil ? nil : .topic(topic) }

    /// Whether a handler may start. Otherwise the entry comes out of `called` when one may.
    mutating func hasPlace(for id: Int64, of topic: String, now: Int64) -> Bool {
        guard let limited = topics[topic] else { return true }
        if let probe = limited.probe {
            if probe.current?.id == id { return true }
            if probe.isFree(now: now) {
                topics[topic]?.probe?.took(id, now: now)
                return true
            }
        } else if limited.free > 0 {
            return true
        }
        if waiting.insert(id).inserted {
            topics[topic]?.waiting.insert(id)
            topics[topic]?.waitingCount += 1
        }
        return false
    }

    /// A handler starts.
    mutating func started(_ id: Int64, of topic: String) {
        guard topics[topic] != nil else { return }
        topics[topic]?.running += 1
        running[id] = topic
    }

    /// The handler is through.
    mutating func ended(_ id: Int64) {
        guard let topic = running.removeValue(forKey: id) else { return }
        topics[topic]?.running -= 1
    }

    /// Its outcome is committed.
    mutating func settled(_ id: Int64) {
        guard probed > 0, let topic = topics.first(where: { $0.value.probe?.current?.id == id })?.key else { return }
        giveUpTurn(id, of: topic)
    }

    /// It left memory, or waits for another time, before it was started.
    mutating func left(_ id: Int64, of topic: String) {
        if waiting.remove(id) != nil { topics[topic]?.waitingCount -= 1 }
        giveUpTurn(id, of: topic)
    }

    private mutating func giveUpTurn(_ id: Int64, of topic: String) {
        guard probed > 0, topics[topic]?.probe?.current?.id == id else { return }
        topics[topic]?.probe?.current = nil
        topics[topic]?.probe?.last = id
    }

    /// Those that waited, as many as there are places, oldest first; they ask anew. None has its place before it is started.
    mutating func called(now: Int64) -> [Int64] {
        guard !waiting.isEmpty || !released.isEmpty else { return [] }
        var ids = released
        released = []
        // By places, which hold no copy: the topics are changed in place.
        var place = topics.startIndex
        while place != topics.endIndex {
            if let probe = topics.values[place].probe {
                if let id = nextToProbe(at: place, probe, now: now) {
                    topics.values[place].probe?.took(id, now: now)
                    ids.append(id)
                }
            } else {
                var free = topics.values[place].free
                while free > 0, let id = topics.values[place].waiting.popMin() {
                    guard waiting.remove(id) != nil else { continue }
                    topics.values[place].waitingCount -= 1
                    ids.append(id)
                    free -= 1
                }
            }
            topics.formIndex(after: &place)
        }
        return ids
    }

    /// One that is newer than all that were tried, or the next one after the last of those that go round, or the first again. It leaves
    /// those that wait.
    private mutating func nextToProbe(at place: Dictionary<String, Topic>.Index, _ probe: Probe, now: Int64) -> Int64? {
        guard probe.isFree(now: now) else { return nil }
        let candidates = topics.values[place].waiting.unordered.filter { waiting.contains($0) }
        let newest = candidates.max().flatMap { $0 > probe.newest && probe.last == probe.round ? $0 : nil }
        let next = newest ?? candidates.filter { $0 > probe.round }.min() ?? candidates.min()
        topics.values[place].waiting = Heap(candidates.filter { $0 != next })
        guard let next else { return nil }
        waiting.remove(next)
        topics.values[place].waitingCount -= 1
        topics.values[place].probe?.newest = max(probe.newest, next)
        if newest == nil { topics.values[place].probe?.round = next }
        return next
    }

    // MARK: Probing

    /// The topic has one place from `time` on.
    ///
    /// - Parameter entries: those of it that are being handled, where nothing was counted so far.
    mutating func probe(_ topic: String, from time: Int64, running entries: [Int64]) {
        if topics[topic] == nil {
            topics[topic] = Topic(limit: nil)
            for id in entries { started(id, of: topic) }
        }
        if topics[topic]?.probe == nil { probed += 1 }
        topics[topic]?.probe = Probe(nextAt: time)
    }

    /// Nobody of the topic is tried before `time`.
    mutating func putOff(_ topic: String, until time: Int64) {
        topics[topic]?.probe?.nextAt = time
    }

    /// It has as many places as before. What waits comes out of `called`.
    mutating func endProbe(_ name: String) {
        guard let topic = topics[name], topic.probe != nil else { return }
        probed -= 1
        topics[name]?.probe = nil
        guard topic.limit == nil else { return }
        topics[name] = nil
        for id in topic.waiting.unordered.sorted() where waiting.remove(id) != nil { released.append(id) }
    }

    func isProbed(_ topic: String) -> Bool { probed > 0 && topics[topic]?.probe != nil }

    /// Whether it is the one that is tried, or was the last.
    func isProbe(_ id: Int64, of topic: String) -> Bool {
        guard probed > 0, let probe = topics[topic]?.probe else { return false }
        return probe.current?.id == id || probe.last == id
    }

    /// When the next one is tried that waits for it.
    var nextProbe: Int64? {
        guard probed > 0 else { return nil }
        return topics.values.lazy.filter { $0.waitingCount > 0 }.compactMap { $0.probe?.freeAt }.min()
    }

    /// When the next one of the topic is tried.
    func nextProbe(of topic: String) -> Int64 { topics[topic]?.probe?.nextAt ?? 0 }

    /// The clock was set: what is left of each wait stays.
    mutating func clockJumped(by jump: Int64) {
        guard probed > 0 else { return }
        for topic in topics.keys {
            topics[topic]?.probe?.nextAt += jump
            topics[topic]?.probe?.current?.until += jump
        }
    }
}
