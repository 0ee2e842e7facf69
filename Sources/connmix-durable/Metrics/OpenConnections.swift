/// Which connections are open, oldest first, and which of them goes when there are too many. Pure.
///
/// Whoever only sits there must not keep a health check away: the oldest that has not asked yet makes room for the new one, and
/// where all have asked, the oldest, which does not take its answer.
struct OpenConnections<ID: Hashable & Sendable>: Sendable {
    private let limit: Int
    private var open: [(id: ID, hasAsked: Bool)] = []

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { open.count }

    /// There are as many as there may be, and none rests.
    var isBusy: Bool { open.count >= limit && !open.contains { !$0.hasAsked } }

    /// Those that have not asked, or were answered.
    var resting: [ID] { open.filter { !$0.hasAsked }.map(\.id) }

    /// - Returns: the one to close; it counts no more.
    mutating func enter(_ id: ID) -> ID? {
        defer { open.append((id, false)) }
        guard open.count >= limit else { return nil }
        return open.remove(at: open.firstIndex { !$0.hasAsked } ?? 0).id
    }

    mutating func asked(_ id: ID) {
        if let place = open.firstIndex(where: { $0.id == id }) { open[place].hasAsked = true }
    }

    /// It was answered, and may ask again.
    mutating func rests(_ id: ID) {
        if let place = open.firstIndex(where: { $0.id == id }) { open[place].hasAsked = false }
    }

    mutating func leave(_ id: ID) {
        open.removeAll { $0.id == id }
    }
}
