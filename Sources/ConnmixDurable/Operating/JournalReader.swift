/// What others may see of the journal. Reads only.
enum JournalReader {
    private static let columns: StaticString = """
        SELECT j.id, j.topic, j.node, j.client, j.state, j.attempts, j.received_at, j.state_at, j.last_error,
            r.handler_version, j.replay_of, j.dedupe_key, j.lane, j.flags, j.data
        FROM journal AS j LEFT JOIN run AS r ON r.id = j.run
        """
    private static let columnsWithoutData: StaticString = """
        SELECT j.id, j.topic, j.node, j.client, j.state, j.attempts, j.received_at, j.state_at, j.last_error,
            r.handler_version, j.replay_of, j.dedupe_key, j.lane, j.flags
        FROM journal AS j LEFT JOIN run AS r ON r.id = j.run
        """

    /// - Parameter edge: the last id that is looked at; `nil` for no end.
    static func list(
        _ connection: Connection, _ filter: JournalFilter, withData: Bool, to edge: Int64? = nil
    ) throws -> [JournalRecord] {
        let groups = indexGroups(filter.states)
        if groups.count > 1 {
            return try filter.order.merge(groups, limit: filter.limit, id: \.id) { states in
                var part = filter
                part.states = states
                return try list(connection, part, withData: withData, to: edge)
            }
        }
        if filter.cause != nil { try FailureCause.define(on: connection) }
        var query = try query(filter)
        if let edge { filter.order == .oldest ? query.add("j.id <= ?", .integer(edge)) : query.add("j.id >= ?", .integer(edge)) }
        let statement = try query.prepare(
            connection, withData ? columns : columnsWithoutData,
            order: filter.order == .oldest ? "ORDER BY j.id" : "ORDER BY j.id DESC", limit: filter.limit)
        var records: [JournalRecord] = []
        try statement.forEach { records.append(try JournalRecord($0, withData: withData)) }
        return records
    }

    /// How far a read gets that goes over so many rows of each index that the filter needs.
    static func reach(_ connection: Connection, _ filter: JournalFilter, rows: Int64) throws -> SearchReach {
        let ends = try indexGroups(filter.states).map { states in
            var part = JournalFilter()
            (part.states, part.ids, part.after, part.order) = (states, filter.ids, filter.after, filter.order)
            let select = try query(part, onlyIndexed: true).prepare(
                connection, "SELECT j.id FROM journal AS j",
                order: filter.order == .oldest ? "ORDER BY j.id" : "ORDER BY j.id DESC", limit: Int(rows))
            var (count, last) = (0, Int64?.none)
            try select.forEach { (count, last) = (count + 1, $0.int(0)) }
            return SearchReach(rows: count, edge: count < rows ? nil : last)
        }
        return SearchReach(rows: ends.reduce(0) { $0 + $1.rows }, edge: filter.order.nearest(ends.map(\.edge)))
    }

    /// The ids of what is meant, between two ids, ascending. No payload is read.
    static func ids(_ connection: Connection, _ filter: JournalFilter, in window: ClosedRange<Int64>) throws -> [Int64] {
        if filter.cause != nil { try FailureCause.define(on: connection) }
        return try indexGroups(filter.states).flatMap { states in
            var part = filter
            part.states = states
            var query = try query(part)
            query.add("j.id BETWEEN ? AND ?", .integer(window.lowerBound), .integer(window.upperBound))
            return try query.ids(
                connection, "SELECT j.id FROM journal AS j LEFT JOIN run AS r ON r.id = j.run", order: "ORDER BY j.id")
        }.sorted()
    }

    /// States that share a partial index, together.
    private static func indexGroups(_ states: Set<EntryState>) -> [Set<EntryState>] {
        states.isEmpty ? [[]] : states.groups(by: { $0.isFinished ? $0.rawValue : 0 })
    }

    /// - Parameter onlyIndexed: states that one index holds are not told apart.
    /// - Throws: `badData` where there are too many ranges of ids, or the cause is none.
    static func query(_ filter: JournalFilter, onlyIndexed: Bool = false) throws(ConnmixError) -> Query {
        var query = Query()
        // The conditions of the partial indexes, to the letter; without them SQLite would walk all finished rows.
        if !filter.states.isEmpty {
            if filter.states.allSatisfy({ !$0.isFinished }) { query.add("j.state < 8") }
            if filter.states.allSatisfy({ $0.rawValue > 8 }) { query.add("j.state > 8") }
            if !onlyIndexed { query.add("j.state", in: filter.states.map { Query.Value.integer($0.rawValue) }) }
        }
        if !filter.ids.isEmpty {
            try query.addIDs("j.id", filter.ids)
        }
        if let after = filter.after {
            filter.order == .oldest ? query.add("j.id > ?", .integer(after)) : query.add("j.id < ?", .integer(after))
        }
        if let topic = filter.topic { query.add("j.topic = ?", .text(topic)) }
        if let client = filter.client { query.add("j.client = ?", .text(client)) }
        if let node = filter.node { query.add("j.node = ?", .text(node)) }
        if let since = filter.since { query.add("j.received_at >= ?", .integer(since)) }
        if let until = filter.until { query.add("j.received_at < ?", .integer(until)) }
        if let error = filter.error { query.add("instr(j.last_error, ?) > 0", .text(error)) }
        if let cause = filter.cause { query.add("cause_id(j.last_error) = ?", .integer(try FailureCause.number(ofID: cause))) }
        if let version = filter.handlerVersion { query.add("r.handler_version = ?", .text(version)) }
        if let time = filter.prunedBefore {
            query.add("j.state >= 8 AND j.state_at < ? AND j.id < (SELECT max(id) FROM journal)", .integer(time))
        }
        return query
    }

    static func attempts(_ connection: Connection, of id: Int64) throws -> [AttemptRecord] {
        let select = try connection.statement(
            "SELECT number, started_at, ended_at, outcome, error FROM attempt WHERE entry = ?1 ORDER BY number, ended_at")
        select.bind(1, id)
        var records: [AttemptRecord] = []
        try select.forEach { records.append(try AttemptRecord($0, of: id)) }
        return records
    }

    /// Of each entry the newest.
    static func attempts(_ connection: Connection, of ids: [Int64], limit: Int) throws -> [Int64: [AttemptRecord]] {
        let select = try connection.statement(
            """
            SELECT number, started_at, ended_at, outcome, error, entry FROM attempt
            WHERE entry IN (SELECT value FROM json_each(?1)) ORDER BY entry, number, ended_at
            """)
        select.bind(1, ids.jsonText)
        var records: [Int64: [AttemptRecord]] = [:]
        try select.forEach { row in
            let entry = row.int(5)
            records[entry, default: []].append(try AttemptRecord(row, of: entry))
            // Now and then, so that an entry with very many costs no more than that.
            if let count = records[entry]?.count, count >= 2 * limit { records[entry]?.removeFirst(count - limit) }
        }
        return records.mapValues { $0.count > limit ? Array($0.suffix(limit)) : $0 }
    }

    static func replays(_ connection: Connection, of id: Int64) throws -> [Int64] {
        let select = try connection.statement(
            "SELECT id FROM journal WHERE replay_of IS NOT NULL AND replay_of = ?1 ORDER BY id")
        select.bind(1, id)
        var ids: [Int64] = []
        try select.forEach { ids.append($0.int(0)) }
        return ids
    }

    /// When the oldest open entry was received.
    static func oldestOpen(_ connection: Connection) throws -> Int64? {
        try connection.statement("SELECT received_at FROM journal WHERE state < 8 ORDER BY id LIMIT 1").first { $0.time(0) }
    }
}

extension Query {
    mutating func addIDs(_ column: StaticString, _ ids: [ClosedRange<Int64>]) throws(ConnmixError) {
        guard ids.count <= JournalFilter.idRangeLimit else {
            throw ConnmixError(
                .badData, "\(ids.count) ids and ranges are named; name at most \(JournalFilter.idRangeLimit) at a time")
        }
        add(column, in: ids)
    }
}

extension AttemptRecord {
    fileprivate init(_ row: Statement, of entry: Int64) throws {
        self.init(
            attempt: row.count(0), startedAt: row.time(1), endedAt: row.time(2),
            outcome: try row.known(3, "outcome", of: "an attempt at journal entry \(entry)"), error: row.text(4))
    }
}

extension JournalRecord {
    init(_ row: Statement, withData: Bool) throws(ConnmixError) {
        let state: EntryState = try row.known(4, "state", of: "journal entry \(row.int(0))")
        id = row.int(0)
        topic = row.text(1)
        node = row.text(2)
        client = row.text(3)
        self.state = state
        attempts = row.count(5)
        receivedAt = row.time(6)
        availableAt = state.isFinished ? nil : row.time(7)
        finishedAt = state.isFinished ? row.time(7) : nil
        lastError = row.optionalText(8)
        handlerVersion = row.optionalText(9)
        replayOf = row.optionalInt(10)
        dedupeKey = row.optionalText(11)
        lane = row.optionalText(12)
        clientIsNumber = EntryFlags(rawValue: row.int(13)).contains(.clientIsNumber)
        data = withData ? row.bytes(14) : nil
    }
}
