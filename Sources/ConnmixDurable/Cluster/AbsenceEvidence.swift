/// Since when nodes have been missing from what centers list, and for how long a center has said the same. Pure.
///
/// A center that has just restarted lists some nodes only, and one that is sick contradicts itself. So each center is a witness of its
/// own, nothing counts before a whole refresh interval has passed, and against a connection that works only a list counts that has been
/// the same for such an interval, without a failure in between.
struct AbsenceEvidence {
    private struct View {
        var nodes: Set<NodeIdentity>
        var since: ContinuousClock.Instant
    }

    /// What each center said last, by its place among the centers.
    private var views: [Int: View] = [:]
    private var missing: [NodeIdentity: [Int: ContinuousClock.Instant]] = [:]

    /// Whether a node is missing somewhere.
    var isPending: Bool { !missing.isEmpty }

    /// A center listed these, in whatever order.
    mutating func listed(_ nodes: Set<NodeIdentity>, by center: Int, now: ContinuousClock.Instant) {
        if views[center]?.nodes != nodes { views[center] = View(nodes: nodes, since: now) }
    }

    /// The center failed, or listed nothing.
    mutating func doubt(_ center: Int) {
        views[center] = nil
    }

    mutating func doubtAll() {
        views = [:]
    }

    mutating func found(_ node: NodeIdentity) {
        missing[node] = nil
    }

    mutating func missed(_ node: NodeIdentity, by center: Int, now: ContinuousClock.Instant) {
        if missing[node]?[center] == nil { missing[node, default: [:]][center] = now }
    }

    /// The node is not known any more.
    mutating func forget(_ node: NodeIdentity) {
        missing[node] = nil
    }

    /// Whether the center's word is enough to leave the node.
    func isGone(
        _ node: NodeIdentity, isConnected: Bool, by center: Int, after interval: Duration, now: ContinuousClock.Instant
    ) -> Bool {
        guard let since = missing[node]?[center] else { return false }
        guard isConnected else { return now - since >= interval }
        guard let view = views[center] else { return false }
        return now - max(since, view.since) >= interval
    }
}
