/// What an action is going to be about: ids only, read in short pieces however long the table is.
extension Inspector {
    /// How many ids one read goes over at most, in a table of which little is left.
    private static let window: Int64 = 1_000_000

    /// The ids of the entries that are meant, in the filter's order; `limit` 0 means all.
    ///
    /// - Parameter looked: told after each read how many ids it went over.
    package func entryIDs(_ filter: JournalFilter, looked: (Int) throws -> Void = { _ in }) throws -> [Int64] {
        let ends = try read { try Self.ends($0, "SELECT (SELECT min(id) FROM journal), (SELECT max(id) FROM journal)") }
        return try Self.walk(ends, filter.ids, filter.order, limit: filter.limit, looked) { window in
            try read { try JournalReader.ids($0, filter, in: window) }
        } nearest: { ids in
            try read { connection in
                try Self.ends(
                    connection,
                    """
                    SELECT (SELECT min(id) FROM journal WHERE id BETWEEN ?1 AND ?2),
                        (SELECT max(id) FROM journal WHERE id BETWEEN ?1 AND ?2)
                    """, in: ids)
            }
        }
    }

    /// The ids of the commands that are meant, in the filter's order; `limit` 0 means all.
    package func commandIDs(_ filter: OutboxFilter, looked: (Int) throws -> Void = { _ in }) throws -> [Int64] {
        let ends = try read { try Self.ends($0, "SELECT (SELECT min(id) FROM outbox), (SELECT max(id) FROM outbox)") }
        return try Self.walk(ends, filter.ids, filter.order, limit: filter.limit, looked) { window in
            try read { try OutboxReader.ids($0, filter, in: window, and: Self.joined(filter)) }
        } nearest: { ids in
            try read { connection in
                try Self.ends(
                    connection,
                    """
                    SELECT (SELECT min(id) FROM outbox WHERE id BETWEEN ?1 AND ?2),
                        (SELECT max(id) FROM outbox WHERE id BETWEEN ?1 AND ?2)
                    """, in: ids)
            }
        }
    }

    /// The highest id in the journal; 0 where it is empty.
    package func newestEntry() throws -> Int64 {
        try read { try $0.statement("SELECT max(id) FROM journal").first { $0.int(0) } ?? 0 }
    }

    /// The highest id in the outbox; 0 where it is empty.
    package func newestCommand() throws -> Int64 {
        try read { try $0.statement("SELECT max(id) FROM outbox").first { $0.int(0) } ?? 0 }
    }

    /// In which states entries are. Those that are not there any more are left out.
    package func entryStates(_ ids: [Int64]) throws -> [Int64: EntryState] {
        try states(ids, "SELECT id, state FROM journal WHERE id IN (SELECT value FROM json_each(?1))", of: "journal entry")
    }

    /// In which states commands are. Those that are not there any more are left out.
    package func commandStates(_ ids: [Int64]) throws -> [Int64: CommandState] {
        try states(ids, "SELECT id, state FROM outbox WHERE id IN (SELECT value FROM json_each(?1))", of: "command")
    }

    private func states<State: RawRepresentable>(
        _ ids: [Int64], _ sql: StaticString, of what: String
    ) throws -> [Int64: State] where State.RawValue == Int64 {
        try read { connection in
            let select = try connection.statement(sql)
            select.bind(1, ids.jsonText)
            var states: [Int64: State] = [:]
            try select.forEach { states[$0.int(0)] = try $0.known(1, "state", of: "\(what) \($0.int(0))") }
            return states
        }
    }

    /// The first and the last id. Both in one SELECT would read the whole table
    /// (https://sqlite.org/optoverview.html#the_min_max_optimization).
    private static func ends(
        _ connection: Connection, _ sql: StaticString, in ids: ClosedRange<Int64>? = nil
    ) throws -> ClosedRange<Int64>? {
        let select = try connection.statement(sql)
        if let ids {
            select.bind(1, ids.lowerBound)
            select.bind(2, ids.upperBound)
        }
        let found = try select.first { row in
            row.optionalInt(0).flatMap { first in row.optionalInt(1).map { first...$0 } }
        }
        return found ?? nil
    }

    /// Goes over the ids of a table, a window at a time.
    ///
    /// - Parameter nearest: the first and the last id that there is in a range. Where a window was empty the next one begins there: ids
    ///   may be far apart.
    private static func walk(
        _ ends: ClosedRange<Int64>?, _ named: [ClosedRange<Int64>], _ order: ListOrder, limit: Int,
        _ looked: (Int) throws -> Void, _ ids: (ClosedRange<Int64>) throws -> [Int64],
        nearest: (ClosedRange<Int64>) throws -> ClosedRange<Int64>?
    ) throws -> [Int64] {
        guard var rest = ends else { return [] }
        if let first = named.map(\.lowerBound).min(), let last = named.map(\.upperBound).max() {
            guard first <= rest.upperBound, last >= rest.lowerBound else { return [] }
            rest = rest.clamped(to: first...last)
        }
        var found: [Int64] = []
        var pace = SearchPace(most: window)
        while limit == 0 || found.count < limit {
            let start = ContinuousClock.now
            let part = rest.part(of: pace.rows, order)
            let new = try ids(part)
            found += order == .oldest ? new : new.reversed()
            pace.took(.now - start)
            guard part != rest else { break }
            try looked(Int(pace.rows))
            rest = order == .oldest ? (part.upperBound + 1)...rest.upperBound : rest.lowerBound...(part.lowerBound - 1)
            if new.isEmpty {
                guard let next = try nearest(rest) else { break }
                rest = next
            }
        }
        return bounded(found, limit)
    }

    private static func bounded(_ ids: [Int64], _ limit: Int) -> [Int64] {
        limit == 0 ? ids : Array(ids.prefix(max(0, limit)))
    }
}

extension ClosedRange<Int64> {
    /// So many numbers from the end where the order begins; all of them where there are no more.
    fileprivate func part(of count: Int64, _ order: ListOrder) -> Self {
        switch order {
        case .oldest:
            let (end, isOver) = lowerBound.addingReportingOverflow(count - 1)
            return lowerBound...(isOver ? upperBound : Swift.min(end, upperBound))
        case .newest:
            let (start, isOver) = upperBound.subtractingReportingOverflow(count - 1)
            return (isOver ? lowerBound : Swift.max(start, lowerBound))...upperBound
        }
    }
}
