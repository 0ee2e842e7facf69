/// What others may see of the outbox. Reads only.
enum OutboxReader {
    private static let columns: StaticString = """
        SELECT id, message_id, kind, flags, target, function, lane, node, state, attempts, writes, enqueued_at, state_at,
            expires_at, last_error, code, delivered, failed, data
        FROM outbox
        """
    private static let columnsWithoutData: StaticString = """
        SELECT id, message_id, kind, flags, target, function, lane, node, state, attempts, writes, enqueued_at, state_at,
            expires_at, last_error, code, delivered, failed
        FROM outbox
        """

    /// - Parameters:
    ///   - query: conditions that need more than this table.
    ///   - edge: the last id that is looked at; `nil` for no end.
    static func list(
        _ connection: Connection, _ filter: OutboxFilter, and query: Query = Query(), withData: Bool, to edge: Int64? = nil
    ) throws -> [OutboxRecord] {
        let groups = indexGroups(filter.states)
        if groups.count > 1 {
            return try filter.order.merge(groups, limit: filter.limit, id: \.id) { states in
                var part = filter
                part.states = states
                return try list(connection, part, and: query, withData: withData, to: edge)
            }
        }
        if filter.cause != nil { try FailureCause.define(on: connection) }
        var query = query
        try add(filter, to: &query)
        if let edge { filter.order == .oldest ? query.add("id <= ?", .integer(edge)) : query.add("id >= ?", .integer(edge)) }
        let statement = try query.prepare(
            connection, withData ? columns : columnsWithoutData,
            order: filter.order == .oldest ? "ORDER BY id" : "ORDER BY id DESC", limit: filter.limit)
        var records: [OutboxRecord] = []
        try statement.forEach { records.append(try OutboxRecord($0, withData: withData)) }
        return records
    }

    /// How far a read gets that goes over so many rows of each index that the filter needs.
    static func reach(_ connection: Connection, _ filter: OutboxFilter, rows: Int64) throws -> SearchReach {
        let ends = try indexGroups(filter.states).map { states in
            var (part, query) = (OutboxFilter(), Query())
            (part.states, part.ids, part.after, part.order) = (states, filter.ids, filter.after, filter.order)
            part.isPartial = filter.isPartial
            try add(part, to: &query, onlyIndexed: true)
            let select = try query.prepare(
                connection, "SELECT id FROM outbox", order: filter.order == .oldest ? "ORDER BY id" : "ORDER BY id DESC",
                limit: Int(rows))
            var (count, last) = (0, Int64?.none)
            try select.forEach { (count, last) = (count + 1, $0.int(0)) }
            return SearchReach(rows: count, edge: count < rows ? nil : last)
        }
        return SearchReach(rows: ends.reduce(0) { $0 + $1.rows }, edge: filter.order.nearest(ends.map(\.edge)))
    }

    /// The ids of what is meant, between two ids, ascending. No payload is read.
    static func ids(
        _ connection: Connection, _ filter: OutboxFilter, in window: ClosedRange<Int64>, and more: Query
    ) throws -> [Int64] {
        if filter.cause != nil { try FailureCause.define(on: connection) }
        return try indexGroups(filter.states).flatMap { states in
            var (part, query) = (filter, more)
            part.states = states
            try add(part, to: &query)
            query.add("id BETWEEN ? AND ?", .integer(window.lowerBound), .integer(window.upperBound))
            return try query.ids(connection, "SELECT id FROM outbox", order: "ORDER BY id")
        }.sorted()
    }

    /// States that share a partial index, together.
    private static func indexGroups(_ states: Set<CommandState>) -> [Set<CommandState>] {
        states.isEmpty ? [[]] : states.groups(by: { min($0.rawValue, CommandState.dead.rawValue) })
    }

    /// - Parameter onlyIndexed: states that one index holds are not told apart.
    private static func add(
        _ filter: OutboxFilter, to query: inout Query, onlyIndexed: Bool = false
    ) throws(ConnmixError) {
        // The conditions of the partial indexes, to the letter; without them SQLite would walk all sent rows.
        if !filter.states.isEmpty {
            if filter.states == [.pending] { query.add("state < 8") }
            if filter.states.allSatisfy({ $0.rawValue > 8 }) { query.add("state > 8") }
            if !onlyIndexed { query.add("state", in: filter.states.map { Query.Value.integer($0.rawValue) }) }
        }
        if !filter.ids.isEmpty { try query.addIDs("id", filter.ids) }
        if let after = filter.after {
            filter.order == .oldest ? query.add("id > ?", .integer(after)) : query.add("id < ?", .integer(after))
        }
        if let message = filter.message { query.add("message_id = ?", .integer(message)) }
        switch filter.kind {
        case "mesh.send": query.add("kind = 2")
        case "mesh.publish": query.add("kind = 3")
        case "conn.call": query.add("kind = 4")
        case let method?: query.add("kind = 5 AND function = ?", .text(method))
        case nil: break
        }
        if let client = filter.client { query.add("kind IN (2, 4) AND target = ?", .text(client)) }
        if let channel = filter.channel { query.add("kind = 3 AND target = ?", .text(channel)) }
        if filter.isPartial { query.add("failed > 0") }
        if let node = filter.node { query.add("node = ?", .text(node)) }
        if let since = filter.since { query.add("enqueued_at >= ?", .integer(since)) }
        if let until = filter.until { query.add("enqueued_at < ?", .integer(until)) }
        if let error = filter.error { query.add("instr(last_error, ?) > 0", .text(error)) }
        if let cause = filter.cause { query.add("cause_id(last_error) = ?", .integer(try FailureCause.number(ofID: cause))) }
        if let time = filter.prunedBefore {
            query.add("state >= 8 AND state_at < ? AND id < (SELECT max(id) FROM outbox)", .integer(time))
        }
    }

    /// When the oldest pending command was enqueued.
    static func oldestOpen(_ connection: Connection) throws -> Int64? {
        try connection.statement("SELECT enqueued_at FROM outbox WHERE state < 8 ORDER BY id LIMIT 1").first { $0.time(0) }
    }
}

extension OutboxRecord {
    init(_ row: Statement, withData: Bool) throws(ConnmixError) {
        let kind: CommandKind = try row.known(2, "kind", of: "command \(row.int(0))")
        let state: CommandState = try row.known(8, "state", of: "command \(row.int(0))")
        id = row.int(0)
        messageID = row.optionalInt(1)
        let isBinary = CommandFlags(rawValue: row.int(3)).contains(.isBinary)
        let target = row.text(4)
        let function = row.optionalText(5)
        switch kind {
        case .send:
            (self.kind, client, channel, self.function) = ("mesh.send", target, nil, nil)
            type = isBinary ? .binary : .text
        case .publish:
            (self.kind, client, channel, self.function) = ("mesh.publish", nil, target, nil)
            type = isBinary ? .binary : .text
        case .call:
            (self.kind, client, channel, self.function) = ("conn.call", target, nil, function)
            type = .json
        case .request:
            (self.kind, client, channel, self.function) = (function ?? "", nil, nil, nil)
            type = .json
        }
        lane = row.optionalText(6)
        node = row.optionalText(7)
        self.state = state
        attempts = row.count(9)
        writes = row.count(10)
        enqueuedAt = row.time(11)
        availableAt = state == .pending ? row.time(12) : nil
        settledAt = state == .pending ? nil : row.time(12)
        expiresAt = row.optionalTime(13)
        lastError = row.optionalText(14)
        code = row.optionalInt(15)
        delivered = row.optionalInt(16)
        failed = row.optionalInt(17)
        data = withData ? row.bytes(18) : nil
    }
}
