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
            lanes.append(ParkedLane(lane: row.text(0), entry: row.int(1), parkedAt: row.time(2), reason: row.text(3)))
        }
        return lanes
    }

    /// The lane goes on without its dead head.
    static func open(_ transaction: Transaction, behind head: Int64) throws {
        let delete = try transaction.connection.statement(
            """
            DELETE FROM parked_lane
            WHERE lane = (SELECT coalesce(lane, client) FROM journal WHERE id = ?1) AND entry = ?1
            """)
        delete.bind(1, head)
        try delete.run()
    }

    /// The lane stands still again, as it did before an operator opened it. One that is parked behind another entry stays so.
    static func park(_ transaction: Transaction, behind head: Int64) throws {
        let insert = try transaction.connection.statement(
            """
            INSERT OR IGNORE INTO parked_lane (lane, entry, parked_at, reason)
            SELECT coalesce(lane, client), id, ?2, coalesce(last_error, '') FROM journal WHERE id = ?1
            """)
        insert.bind(1, head)
        insert.bind(2, transaction.now)
        try insert.run()
    }

    /// The dead entry that the lane stands behind; `nil` where it is not parked.
    static func head(_ connection: Connection, lane: String) throws -> Int64? {
        let select = try connection.statement("SELECT entry FROM parked_lane WHERE lane = ?1")
        select.bind(1, lane)
        return try select.first { $0.int(0) }
    }
}
