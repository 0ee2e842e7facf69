/// Pages of the two ledgers, whatever the filter: what no index leads to is searched in short reads.
extension Inspector {
    /// A page of the journal.
    ///
    /// Where rows must be searched, each short read is a moment of its own: an entry that changes meanwhile is found as it is when
    /// its turn comes. None is found twice.
    ///
    /// - Parameters:
    ///   - filter: which entries, how many, and where the page begins.
    ///   - withData: whether the payloads are read too.
    /// - Throws: `badData` where the filter names more than ``JournalFilter/idRangeLimit`` ranges of ids; errors of the file.
    public func entries(_ filter: JournalFilter, withData: Bool = true) throws -> [JournalRecord] {
        try entries(filter, withData: withData) { _ in }
    }

    /// The same, telling after each read how many rows it went over.
    package func entries(
        _ filter: JournalFilter, withData: Bool = true, looked: (Int) throws -> Void
    ) throws -> [JournalRecord] {
        guard filter.isSearch else { return try read { try JournalReader.list($0, filter, withData: withData) } }
        return try search(limit: filter.limit, after: filter.after, looked: looked) { connection, after, limit, rows in
            var part = filter
            (part.after, part.limit) = (after, limit)
            let reach = try JournalReader.reach(connection, part, rows: rows)
            return (try JournalReader.list(connection, part, withData: withData, to: reach.edge), reach)
        }
    }

    /// A page of the outbox; as `entries(_:withData:)`.
    ///
    /// - Throws: `badData` where the filter names more than ``JournalFilter/idRangeLimit`` ranges of ids; errors of the file.
    public func commands(_ filter: OutboxFilter, withData: Bool = true) throws -> [OutboxRecord] {
        try commands(filter, withData: withData) { _ in }
    }

    package func commands(
        _ filter: OutboxFilter, withData: Bool = true, looked: (Int) throws -> Void
    ) throws -> [OutboxRecord] {
        let query = Self.joined(filter)
        guard filter.isSearch else {
            return try read { try OutboxReader.list($0, filter, and: query, withData: withData) }
        }
        return try search(limit: filter.limit, after: filter.after, looked: looked) { connection, after, limit, rows in
            var part = filter
            (part.after, part.limit) = (after, limit)
            let reach = try OutboxReader.reach(connection, part, rows: rows)
            return (try OutboxReader.list(connection, part, and: query, withData: withData, to: reach.edge), reach)
        }
    }

    /// Failed attempts of entries, of each the newest; oldest first.
    package func attempts(of ids: [Int64], limit: Int) throws -> [Int64: [AttemptRecord]] {
        guard !ids.isEmpty else { return [:] }
        return try read { try JournalReader.attempts($0, of: ids, limit: limit) }
    }

    /// - Parameter page: what one read finds, and how far it went.
    private func search<Row>(
        limit: Int, after first: Int64?, looked: (Int) throws -> Void,
        page: (_ connection: Connection, _ after: Int64?, _ limit: Int, _ rows: Int64) throws -> ([Row], SearchReach)
    ) throws -> [Row] {
        var found: [Row] = []
        var pace = SearchPace()
        var after = first
        while found.count < limit {
            let start = ContinuousClock.now
            let (rows, reach) = try read { try page($0, after, limit - found.count, pace.rows) }
            found += rows
            pace.took(.now - start)
            guard let edge = reach.edge else { break }
            after = edge
            try looked(reach.rows)
        }
        return found
    }
}

extension JournalFilter {
    /// Whether rows must be looked at that are not meant.
    var isSearch: Bool {
        guard ids.isEmpty || ids.contains(where: { $0.lowerBound < $0.upperBound }) else { return false }
        return !states.isEmpty || ids.count > 1 || topic != nil || client != nil || node != nil || since != nil || until != nil
            || error != nil || cause != nil || handlerVersion != nil || prunedBefore != nil
    }
}

extension OutboxFilter {
    var isSearch: Bool {
        guard message == nil, ids.isEmpty || ids.contains(where: { $0.lowerBound < $0.upperBound }) else { return false }
        return !states.isEmpty || ids.count > 1 || kind != nil || client != nil || channel != nil || node != nil || isPartial
            || since != nil || until != nil || error != nil || cause != nil || topic != nil || handlerVersion != nil
            || prunedBefore != nil
    }
}

extension ListOrder {
    /// Of several ends of reads the one that is reached first; `nil` where none ends.
    func nearest(_ edges: [Int64?]) -> Int64? {
        let edges = edges.compactMap { $0 }
        return self == .oldest ? edges.min() : edges.max()
    }
}
