/// Lanes that do not move: parked behind a dead entry, or behind one that waits for its retry.
extension Inspector {
    private static let page = 2_000

    /// The lanes that stand still, parked ones first, then by the ids of their heads.
    ///
    /// The open entries are gone over once, in short reads.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func stillLanes() throws -> [StillLane] {
        var lanes: [String: StillLane] = [:]
        for parked in try parkedLanes() {
            lanes[parked.lane] = StillLane(
                lane: parked.lane, head: parked.entry, isParked: true, since: parked.parkedAt, availableAt: nil,
                reason: parked.reason)
        }
        try eachOpenEntry { entry in
            if lanes[entry.lane] != nil {
                lanes[entry.lane]?.behind += 1
            } else if entry.waits {
                lanes[entry.lane] = StillLane(
                    lane: entry.lane, head: entry.id, isParked: false, since: nil, availableAt: entry.availableAt,
                    reason: entry.reason)
            }
            return true
        }
        return lanes.values.sorted { left, right in
            left.isParked == right.isParked ? left.head < right.head : left.isParked
        }
    }

    /// The ids of the first open entries of a lane, oldest first; `limit` of them at most.
    ///
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func openEntries(lane: String, limit: Int) throws -> [Int64] {
        var ids: [Int64] = []
        try eachOpenEntry { entry in
            if entry.lane == lane { ids.append(entry.id) }
            return ids.count < limit
        }
        return ids
    }

    private struct OpenEntry {
        var id: Int64
        var lane: String
        /// Its time has not come.
        var waits: Bool
        var availableAt: Int64
        var reason: String
    }

    /// - Parameter body: answers whether to go on.
    private func eachOpenEntry(_ body: (OpenEntry) -> Bool) throws {
        var cursor = Int64.min
        var count = 0
        let now = Clock.now()
        repeat {
            var entries: [OpenEntry] = []
            try read { connection in
                let select = try connection.statement(
                    """
                    SELECT id, coalesce(lane, client), state = 2 AND attempts > 0 AND state_at > ?2, state_at, last_error
                    FROM journal WHERE state < 8 AND id > ?1 ORDER BY id LIMIT ?3
                    """)
                select.bind(1, cursor)
                select.bind(2, now)
                select.bind(3, Int64(Self.page))
                try select.forEach { row in
                    let waits = row.int(2) != 0
                    entries.append(
                        OpenEntry(
                            id: row.int(0), lane: row.text(1), waits: waits, availableAt: row.time(3),
                            reason: waits ? row.text(4) : ""))
                }
            }
            for entry in entries {
                guard body(entry) else { return }
            }
            cursor = entries.last?.id ?? cursor
            count = entries.count
        } while count == Self.page
    }
}

/// A lane that does not move.
public struct StillLane: Sendable, Equatable {
    /// The lane's name; the client's id where lanes are the clients'.
    public let lane: String
    /// The entry it stands behind: a dead one where it is parked, else one that waits for its retry.
    public let head: Int64
    /// It stands until an operator acts.
    public let isParked: Bool
    /// When it was parked, in microseconds since 1970; `nil` where it is not.
    public let since: Int64?
    /// When the head is tried again, in microseconds since 1970; `nil` where the lane is parked.
    public let availableAt: Int64?
    /// How the head failed.
    public let reason: String
    /// How many entries wait behind the head.
    public internal(set) var behind = 0
}
