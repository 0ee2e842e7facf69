internal import HeapModule

/// Topics that may have only so many handlers at once: is there a place? Pure.
///
/// An entry whose topic has none waits here, out of the way of all others, and is made ready again when one is free. The oldest is first.
struct TopicTurns: Sendable {
    private struct Topic {
        let limit: Int
        var running = 0
        /// One that is not in the set `waiting` any more is passed over.
        var waiting = Heap<Int64>()
    }

    private var topics: [String: Topic]
    /// Which topic's place an entry has.
    private var running: [Int64: String] = [:]
    private var waiting: Set<Int64> = []

    /// - Parameter limits: of the topics that have one.
    init(limits: [String: Int] = [:]) {
        topics = limits.mapValues { Topic(limit: $0) }
    }

    /// What bounds the entries of a topic in memory, so that one that is slow on purpose does not fill it; `nil` where it has no limit.
    func quota(of topic: String) -> OrderKey? { topics[topic] == nil ? nil : .topic(topic) }

    /// Whether a handler may start. Otherwise the entry comes out of `called` when one may.
    mutating func hasPlace(for id: Int64, of topic: String) -> Bool {
        guard let limited = topics[topic], limited.running >= limited.limit else { return true }
        if waiting.insert(id).inserted { topics[topic]?.waiting.insert(id) }
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

    /// It left memory while it waited.
    mutating func left(_ id: Int64) {
        waiting.remove(id)
    }

    /// Those that waited, as many as there are places, oldest first; they ask anew. None has its place before it is started.
    mutating func called() -> [Int64] {
        guard !waiting.isEmpty else { return [] }
        var ids: [Int64] = []
        // By places, which hold no copy: the topics are changed in place.
        var place = topics.startIndex
        while place != topics.endIndex {
            var free = topics.values[place].limit - topics.values[place].running
            while free > 0, let id = topics.values[place].waiting.popMin() {
                guard waiting.remove(id) != nil else { continue }
                ids.append(id)
                free -= 1
            }
            topics.formIndex(after: &place)
        }
        return ids
    }
}
