/// The rows about the consumer itself: its runs, and its live account for `status`.
enum RunTable {
    static func begin(
        _ transaction: Transaction, pid: Int64, version: String, handlerVersion: String?, synchronous: Synchronous,
        atRiskLimit: Int? = nil
    ) throws -> Int64 {
        let insert = try transaction.connection.statement(
            """
            INSERT INTO run (pid, version, handler_version, synchronous, started_at, at_risk_limit)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            """)
        insert.bind(1, pid)
        insert.bind(2, version)
        insert.bind(3, handlerVersion)
        insert.bind(4, synchronous.rawValue)
        insert.bind(5, transaction.now)
        insert.bind(6, atRiskLimit.map { Int64($0) })
        try insert.run()
        return transaction.connection.lastInsertedID
    }

    /// The process that has begun a run after this one.
    static func successor(_ connection: Connection, of run: Int64) throws -> Int64? {
        let select = try connection.statement("SELECT pid FROM run WHERE id > ?1 ORDER BY id DESC LIMIT 1")
        select.bind(1, run)
        return try select.first { $0.int(0) }
    }

    static func recovered(_ transaction: Transaction, run: Int64, entries: Int) throws {
        let update = try transaction.connection.statement("UPDATE run SET recovered = ?2 WHERE id = ?1")
        update.bind(1, run)
        update.bind(2, Int64(entries))
        try update.run()
    }

    static func end(_ transaction: Transaction, run: Int64) throws {
        let update = try transaction.connection.statement("UPDATE run SET ended_at = ?2, clean = 1 WHERE id = ?1")
        update.bind(1, run)
        update.bind(2, transaction.now)
        try update.run()
    }

    static func account(
        _ transaction: Transaction, run: Int64, atRisk: Int, highWater: Int, nodesJSON: String, paused: String?
    ) throws {
        let upsert = try transaction.connection.statement(
            """
            INSERT INTO runtime (id, run, updated_at, at_risk, at_risk_high, nodes, paused)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (id) DO UPDATE SET run = excluded.run, updated_at = excluded.updated_at,
                at_risk = excluded.at_risk, at_risk_high = excluded.at_risk_high, nodes = excluded.nodes,
                paused = excluded.paused
            """)
        upsert.bind(1, run)
        upsert.bind(2, transaction.now)
        upsert.bind(3, Int64(atRisk))
        upsert.bind(4, Int64(highWater))
        upsert.bind(5, nodesJSON)
        upsert.bind(6, paused)
        try upsert.run()
        let high = try transaction.connection.statement(
            "UPDATE run SET at_risk_high = ?2 WHERE id = ?1 AND at_risk_high < ?2")
        high.bind(1, run)
        high.bind(2, Int64(highWater))
        try high.run()
    }

    // MARK: Reading

    static func newest(
        _ connection: Connection
    ) throws -> (
        id: Int64, version: String, handlerVersion: String?, synchronous: String, atRiskHigh: Int64, atRiskLimit: Int64?
    )? {
        let select = try connection.statement(
            """
            SELECT id, version, handler_version, synchronous, at_risk_high, at_risk_limit FROM run ORDER BY id DESC LIMIT 1
            """)
        return try select.first {
            ($0.int(0), $0.text(1), $0.optionalText(2), $0.text(3), $0.int(4), $0.optionalInt(5))
        }
    }

    /// The live account of a run; `nil` where the file still holds an earlier run's.
    static func account(
        _ connection: Connection, of run: Int64?
    ) throws -> (atRisk: Int64, highWater: Int64, nodesJSON: String, paused: String?)? {
        guard let run else { return nil }
        let select = try connection.statement("SELECT at_risk, at_risk_high, nodes, paused FROM runtime WHERE run = ?1")
        select.bind(1, run)
        return try select.first { ($0.int(0), $0.int(1), $0.text(2), $0.optionalText(3)) }
    }
}

extension StatusReport.Node {
    /// The nodes of an account. What is not in its form is left out.
    static func list(json: String) -> [StatusReport.Node] {
        var nodes: [StatusReport.Node] = []
        json.lend { bytes in
            var scanner = JSONScanner(bytes)
            guard scanner.consume(UInt8(ascii: "[")), scanner.peek() == UInt8(ascii: "{") else { return }
            repeat {
                var facts: [String: String] = [:]
                let isObject = scanner.object { key, escaped, scanner in
                    guard let value = scanner.string() else { return false }
                    facts[scanner.text((key, escaped))] = scanner.text(value)
                    return true
                }
                guard isObject, let id = facts["id"], let address = facts["address"], let state = facts["state"] else {
                    return
                }
                nodes.append(StatusReport.Node(id: id, address: address, state: state))
            } while scanner.consume(UInt8(ascii: ","))
        }
        return nodes
    }
}
