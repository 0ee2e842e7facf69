/// What the ledger says of times in which a node was not consumed, beside what the nodes know (P11).
extension Checker {
    /// What a message takes on its way, and a little more.
    private static let slack: World.Time = 2_000_000

    /// So long after it came a node is in the consumer's list for certain, under its own name, and in the file.
    private static let acquaintance: World.Time = 120_000_000

    /// A request to stop that a node has followed and not answered is one that it may not have followed, until its time is over.
    private static let requestTimeout: World.Time = 10_000_000

    private typealias Gap = (from: World.Time, to: World.Time)

    func gaps(_ view: FileView) throws {
        // The ledger goes by the wall clock: where that was set, its times say nothing to anybody else.
        // And a process that dies while it cannot write takes what it knows of nodes with it.
        guard engine.sights[.clockJump] == nil, engine.sights[.diskEpisode] == nil else { return }
        let offset = world.wall - world.now
        var written: [String: [Gap]] = [:]
        try view.each("SELECT node, began_at, coalesce(ended_at, ?1) FROM gap ORDER BY began_at", [world.wall]) { row in
            written[row.text(0), default: []].append((row.int(1) - offset, row.int(2) - offset))
        }
        for (node, spans) in engine.consumption.sorted(by: { $0.key < $1.key }) where !engine.unlistedNodes.contains(node) {
            for (span, next) in zip(spans, spans.dropFirst()) {
                guard let end = span.to, end - spans[0].from > Self.acquaintance else { continue }
                let (from, to) = (end + Self.requestTimeout + Self.slack, next.from - Self.slack)
                guard from < to else { continue }
                let hole = Self.hole(from, to, in: written[node] ?? [])
                hold("P11", hole == nil, "\(node) was not consumed at \(hole ?? 0), and no gap says so: \(written[node] ?? [])")
            }
        }
    }

    /// The first moment that no gap covers.
    private static func hole(_ from: World.Time, _ to: World.Time, in gaps: [Gap]) -> World.Time? {
        var at = from
        for gap in gaps where gap.from <= at && gap.to > at { at = gap.to }
        return at < to ? at : nil
    }
}
