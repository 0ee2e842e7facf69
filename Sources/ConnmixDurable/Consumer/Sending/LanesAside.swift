/// Lanes that stand aside until a node is there, or until their head is settled. Pure.
///
/// Such a lane keeps its own order: all that it holds from its head on waits in the file. It keeps no places at the clients and
/// channels that its commands go to, so nobody else waits for it (promise P5).
struct LanesAside: Sendable {
    /// Lanes whose heads need the same nodes, one of which must come.
    private struct Group {
        let nodes: Set<String>
        /// Since when none of them is there, in microseconds since 1970.
        let since: Int64
        /// When to look again in any case.
        var until: Int64?
        /// The oldest row that waits in the file.
        var from: Int64
        var commands = 0

        mutating func left(_ id: Int64) {
            commands += 1
            from = min(from, id)
        }
    }

    /// A lane behind commands that were sent and not answered in time.
    private struct Behind {
        var heads: Set<Int64> = []
        var from: Int64 = .max
    }

    /// From which row on a lane waits, and with whom. What came before that row, and lies in the file for another reason, does not.
    private struct Place {
        let group: Int32
        let from: Int64
    }

    /// More lanes than this are not remembered; they keep their places then. A lane takes some 50 bytes.
    static var limit: Int { 524_288 }

    private var groups: [Int32: Group] = [:]
    private var lastGroup: Int32 = 0
    private var lanes: [OrderKey: Place] = [:]
    private var behind: [OrderKey: Behind] = [:]
    private var laneOfHead: [Int64: OrderKey] = [:]

    var isEmpty: Bool { groups.isEmpty && behind.isEmpty }
    var nextDeadline: Int64? { groups.values.lazy.compactMap(\.until).min() }

    /// What waits for which nodes, and since when.
    var waiting: [(nodes: [String], since: Int64, commands: Int)] {
        groups.values.map { ($0.nodes.sorted(), $0.since, $0.commands) }.sorted {
            ($0.since, $0.nodes[0]) < ($1.since, $1.nodes[0])
        }
    }

    /// Whether that row waits in the file with its lane.
    func contains(_ id: Int64, of lane: OrderKey?) -> Bool {
        guard let lane, !isEmpty else { return false }
        if let place = lanes[lane], id >= place.from { return true }
        return behind[lane].map { behind in behind.heads.contains { $0 <= id } } ?? false
    }

    // MARK: For nodes

    /// The lane stands aside from the row `id` on until one of the nodes is there. A row without a lane does so alone.
    ///
    /// - Returns: false where there are too many already.
    mutating func stand(
        _ lane: OrderKey?, for nodes: Set<String>, since: Int64, until: Int64?, from id: Int64
    ) -> Bool {
        assert(!nodes.isEmpty, "a lane stands aside for no node")
        guard lane == nil || lanes.count < Self.limit else { return false }
        if let lane, let place = lanes[lane], place.from <= id { return true }
        let number = groups.first { $0.value.nodes == nodes }?.key ?? lastGroup &+ 1
        var group = groups[number] ?? Group(nodes: nodes, since: since, from: id)
        if let until { group.until = min(until, group.until ?? until) }
        group.from = min(id, group.from)
        if let lane { lanes[lane] = Place(group: number, from: id) } else { group.left(id) }
        groups[number] = group
        lastGroup = max(lastGroup, number)
        return true
    }

    /// One more row of a lane that stands aside waits in the file.
    mutating func left(_ id: Int64, lane: OrderKey?) {
        guard let lane else { return }
        if let place = lanes[lane] { groups[place.group]?.left(id) }
        if let from = behind[lane]?.from { behind[lane]?.from = min(id, from) }
    }

    /// Lets the lanes go that wait for such nodes.
    ///
    /// - Returns: the oldest row to be read from the file again.
    mutating func wake(awaiting isAwaited: (Set<String>) -> Bool) -> Int64? {
        open { isAwaited($0.nodes) }
    }

    @discardableResult
    mutating func wakeAll() -> Int64? { open { _ in true } }

    mutating func tick(now: Int64) -> Int64? {
        guard let next = nextDeadline, next <= now else { return nil }
        return open { $0.until.map { $0 <= now } ?? false }
    }

    private mutating func open(_ isDue: (Group) -> Bool) -> Int64? {
        let due = groups.filter { isDue($0.value) }
        guard !due.isEmpty else { return nil }
        for number in due.keys { groups[number] = nil }
        lanes = lanes.filter { due[$0.value.group] == nil }
        return due.values.lazy.map(\.from).min()
    }

    // MARK: Behind a head

    /// The lane stands aside until the row `head`, which stays in memory, has ended.
    mutating func stand(_ lane: OrderKey, behind head: Int64) {
        behind[lane, default: Behind()].heads.insert(head)
        laneOfHead[head] = lane
    }

    /// - Returns: the oldest row to be read from the file again, where one waits.
    mutating func ended(_ head: Int64) -> Int64? {
        guard !laneOfHead.isEmpty, let lane = laneOfHead.removeValue(forKey: head) else { return nil }
        behind[lane]?.heads.remove(head)
        guard let from = behind[lane]?.from, behind[lane]?.heads.isEmpty == true else { return nil }
        behind[lane] = nil
        return from < .max ? from : nil
    }
}
