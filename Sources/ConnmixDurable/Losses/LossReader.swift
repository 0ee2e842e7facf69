/// What others may see of the loss ledger. Reads only.
enum LossReader {
    /// The newest run, as others see it: what it says of itself is newer than its rows.
    struct Newest {
        let run: Int64?
        let isLive: Bool
        let account: LiveAccount.Reading?

        init(_ connection: Connection, isLive: Bool, account: LiveAccount.Reading?) throws {
            run = try RunTable.newest(connection)?.id
            self.isLive = isLive
            self.account = account
        }

        /// The run that goes on; what others left open ended with their process.
        var live: Int64? { isLive ? run : nil }

        /// The most that a run had at risk at one time.
        func atRiskHigh(of run: Int64, isClean: Bool, recorded: Int64, limit: Int64?) -> Int64 {
            guard run == self.run, !isClean else { return recorded }
            // The owner may be of an earlier version, and say nothing.
            if isLive, account?.run != run { return recorded }
            return RunTable.atRiskHigh(ofDead: run, recorded: recorded, limit: limit, account: account)
        }
    }

    static func epochs(_ connection: Connection, _ filter: EpochFilter, newest: Newest) throws -> [EpochRecord] {
        let live = newest.live
        var query = Query()
        if let node = filter.node { query.add("e.node = ?", .text(node)) }
        if let since = filter.since { query.add("(e.closed_at IS NULL OR e.closed_at >= ?)", .integer(since)) }
        if let until = filter.until { query.add("e.opened_at < ?", .integer(until)) }
        if filter.onlyUnclean { query.add("e.clean = 0 AND (e.closed_at IS NOT NULL OR e.run <> ?)", .integer(live ?? 0)) }
        let select = try query.prepare(
            connection,
            """
            SELECT e.id, e.run, e.node, e.address, e.opened_at, e.consuming_at, e.closed_at, e.clean, e.frames, e.bytes,
                e.first_entry, e.last_entry, e.reason, r.at_risk_high, r.clean, r.at_risk_limit, e.cause
            FROM epoch AS e LEFT JOIN run AS r ON r.id = e.run
            """,
            order: filter.order == .oldest ? "ORDER BY e.id" : "ORDER BY e.id DESC", limit: filter.limit)
        var records: [EpochRecord] = []
        try select.forEach { row in
            let isOpen = row.isNull(6)
            let isLive = row.int(1) == live
            records.append(
                EpochRecord(
                    id: row.int(0), run: row.int(1), node: row.text(2), address: row.text(3), openedAt: row.time(4),
                    consumingAt: row.optionalTime(5), closedAt: row.optionalTime(6),
                    end: isOpen ? isLive ? .open : .unclean : row.int(7) == 1 ? .clean : .unclean,
                    frames: row.amount(8), bytes: row.amount(9), firstEntry: row.optionalInt(10), lastEntry: row.optionalInt(11),
                    cause: isOpen && !isLive ? .processDied : try row.known(16, "cause", of: "connection \(row.int(0))"),
                    reason: row.optionalText(12) ?? (isOpen && !isLive ? EpochRecord.processDied : nil),
                    atRiskHigh: newest.atRiskHigh(
                        of: row.int(1), isClean: row.int(14) == 1, recorded: row.amount(13), limit: row.optionalAmount(15))))
        }
        return records
    }

    static func gaps(_ connection: Connection, _ filter: GapFilter) throws -> [GapRecord] {
        var query = Query()
        if let node = filter.node { query.add("node = ?", .text(node)) }
        if let since = filter.since { query.add("(ended_at IS NULL OR ended_at >= ?)", .integer(since)) }
        if let until = filter.until { query.add("began_at < ?", .integer(until)) }
        let select = try query.prepare(
            connection, "SELECT id, run, node, address, began_at, ended_at, reason, times, consumed, cause FROM gap",
            order: filter.order == .oldest ? "ORDER BY began_at, id" : "ORDER BY began_at DESC, id DESC", limit: filter.limit)
        var records: [GapRecord] = []
        try select.forEach { row in
            records.append(
                GapRecord(
                    id: row.int(0), run: row.int(1), node: row.text(2), address: row.text(3), beganAt: row.time(4),
                    endedAt: row.optionalTime(5), cause: try row.known(9, "cause", of: "gap \(row.int(0))"), reason: row.text(6),
                    times: row.amount(7), consumed: row.amount(8)))
        }
        return records
    }

    /// What goes on of a run, by node.
    static func openGaps(_ connection: Connection, of run: Int64) throws -> [String: (since: Int64, reason: String)] {
        let select = try connection.statement(
            "SELECT node, began_at, reason FROM gap WHERE ended_at IS NULL AND run = ?1 ORDER BY began_at")
        select.bind(1, run)
        var gaps: [String: (since: Int64, reason: String)] = [:]
        try select.forEach { gaps[$0.text(0)] = (since: $0.time(1), reason: $0.text(2)) }
        return gaps
    }

    static func runs(_ connection: Connection, limit: Int, newest: Newest) throws -> [RunRecord] {
        let select = try connection.statement(
            """
            SELECT id, pid, version, handler_version, synchronous, started_at, ended_at, clean, recovered, at_risk_high, at_risk_limit
            FROM run WHERE id > 0 ORDER BY id DESC LIMIT ?1
            """)
        select.bind(1, Int64(limit))
        var records: [RunRecord] = []
        try select.forEach { row in
            records.append(
                RunRecord(
                    id: row.int(0), pid: row.int(1), version: row.text(2), handlerVersion: row.optionalText(3),
                    synchronous: row.text(4), startedAt: row.time(5), endedAt: row.optionalTime(6),
                    end: row.int(0) == newest.live ? .open : row.int(7) == 1 ? .clean : .unclean,
                    recovered: row.amount(8),
                    atRiskHigh: newest.atRiskHigh(
                        of: row.int(0), isClean: row.int(7) == 1, recorded: row.amount(9), limit: row.optionalAmount(10)),
                    atRiskLimit: row.optionalAmount(10)))
        }
        return records
    }
}
