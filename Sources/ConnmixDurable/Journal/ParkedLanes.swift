/// The lanes that stand still behind a dead entry until an operator acts.
enum ParkedLanes {
    static func park(_ transaction: Transaction, lane: String, entry: Int64, reason: String) throws {
        let insert = try transaction.connection.statement(
            "INSERT INTO parked_lane (lane, entry, parked_at, reason) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (lane) DO NOTHING")
        insert.bind(1, lane)
        insert.bind(2, entry)
        insert.bind(3, transaction.now)
        insert.bind(4, reason.boundedError)
        try insert.run()
    }

    static func names(_ connection: Connection) throws -> Set<String> {
        var names: Set<String> = []
        try connection.statement("SELECT lane FROM parked_lane").forEach { names.insert($0.text(0)) }
        return names
    }

    static func list(_ connection: Connection) throws -> [ParkedLane] {
        var lanes: [ParkedLane] = []
        try connection.statement("SELECT lane, entry, parked_at, reason FROM parked_lane ORDER BY parked_at, lane").forEach {
            row in
            lanes.append(ParkedLane(lane: row.text(0), entry: row.int(1), parkedAt: row.int(2), reason: row.text(3)))
        }
        return lanes
    }

    /// - Returns: the dead entry that the lane stood behind; `nil` where it is not parked.
    static func release(_ transaction: Transaction, lane: String) throws -> Int64? {
        let delete = try transaction.connection.statement("DELETE FROM parked_lane WHERE lane = ?1 RETURNING entry")
        delete.bind(1, lane)
        return try delete.first { $0.int(0) }
    }
}

/// A lane that stands still.
public struct ParkedLane: Sendable, Equatable {
    /// The lane's name; the client's id where lanes are the clients'.
    public let lane: String
    /// The dead entry it stands behind.
    public let entry: Int64
    /// Microseconds since 1970.
    public let parkedAt: Int64
    public let reason: String
}
