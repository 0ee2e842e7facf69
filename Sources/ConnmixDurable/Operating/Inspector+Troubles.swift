/// What is in trouble at this moment, for whoever looks again and again: a bounded number of rows, in short reads.
extension Inspector {
    /// What is in trouble now, by cause.
    package struct Troubles: Sendable {
        /// Most messages or commands first.
        package var causes: [FailureCause]
        /// There were more rows than were looked at.
        package var isCut: Bool
    }

    private static let troublePage = 1_000

    /// Dead messages by cause, whenever they died; of commands those that were given up, and pending ones that failed before.
    ///
    /// - Parameters:
    ///   - limit: how many rows are looked at of what ended without success, the newest; and of pending commands, the oldest.
    ///   - looked: called after each read.
    package func troubles(of ledger: Ledger, limit: Int, looked: () throws -> Void) throws -> Troubles {
        var tally = CauseTally()
        var isCut = false
        switch ledger {
        case .journal:
            isCut = try walk(limit, from: .max, looked) { connection, floor, count in
                let page = try Self.troubled(connection, below: floor, limit: count)
                for dead in try Self.deaths(connection, page.filter(\.isDead).map(\.id)) {
                    tally.add(entry: dead.id, at: dead.time, error: dead.error, attempts: dead.attempts)
                    tally.isDead(dead.id)
                }
                return (page.count, page.last?.id)
            }
        case .outbox:
            let now = Clock.now()
            isCut = try walk(limit, from: .max, looked) { connection, floor, count in
                let page = try Self.failed(connection, isOpen: false, below: floor, limit: count)
                for command in page where command.isGivenUp {
                    // As `commandCauses`: what says no error belongs to no cause.
                    guard let error = command.error else { continue }
                    tally.add(entry: command.id, at: command.time, error: error, attempts: command.attempts)
                    tally.isDead(command.id)
                }
                return (page.count, page.last?.id)
            }
            let isOpenCut = try walk(limit, from: 0, looked) { connection, floor, count in
                let page = try Self.pending(connection, above: floor, limit: count)
                for command in page {
                    guard let error = command.error else { continue }
                    tally.add(entry: command.id, at: min(now, command.time), error: error, attempts: command.attempts)
                }
                return (page.count, page.last?.id)
            }
            isCut = isCut || isOpenCut
        }
        return Troubles(causes: tally.causes, isCut: isCut)
    }

    /// The payloads of rows; of a larger one its beginning.
    ///
    /// - Parameter whole: up to so many bytes it is read whole, otherwise so many at the most.
    package func payloads(of ids: [Int64], in ledger: Ledger, whole: Int) throws -> [Int64: (bytes: [UInt8], size: Int64)] {
        try read { connection in
            // The length of a blob is known without reading it (https://sqlite.org/opcode.html#Column).
            let select = try connection.statement(
                ledger == .journal
                    ? """
                    SELECT id, length(data), CASE WHEN length(data) <= ?2 THEN data ELSE substr(data, 1, ?2) END
                    FROM journal WHERE id IN (SELECT value FROM json_each(?1))
                    """
                    : """
                    SELECT id, length(data), CASE WHEN length(data) <= ?2 THEN data ELSE substr(data, 1, ?2) END
                    FROM outbox WHERE id IN (SELECT value FROM json_each(?1))
                    """)
            select.bind(1, ids.jsonText)
            select.bind(2, Int64(whole))
            var payloads: [Int64: (bytes: [UInt8], size: Int64)] = [:]
            try select.forEach { payloads[$0.int(0)] = ($0.bytes(2), $0.amount(1)) }
            return payloads
        }
    }

    /// Reads page by page, up to a limit.
    ///
    /// - Parameter page: one read: how many rows it went over, and the id of the last.
    /// - Returns: whether there may be more.
    private func walk(
        _ limit: Int, from start: Int64, _ looked: () throws -> Void,
        page: (_ connection: Connection, _ cursor: Int64, _ count: Int) throws -> (count: Int, last: Int64?)
    ) throws -> Bool {
        var cursor = start
        var left = limit
        while left > 0 {
            let wanted = min(left, Self.troublePage)
            let (count, last) = try read { try page($0, cursor, wanted) }
            guard count == wanted, let last else { return false }
            (cursor, left) = (last, left - count)
            try looked()
        }
        return true
    }

    private static func deaths(
        _ connection: Connection, _ ids: [Int64]
    ) throws -> [(id: Int64, time: Int64, attempts: Int, error: String)] {
        let select = try connection.statement("SELECT state_at, attempts, last_error FROM journal WHERE id = ?1 AND state = 9")
        return try ids.compactMap { id in
            select.bind(1, id)
            return try select.first { (id, $0.time(0), $0.count(1), $0.text(2)) }
        }
    }

    private static func pending(_ connection: Connection, above: Int64, limit: Int) throws -> [FailedCommand] {
        let select = try connection.statement(
            "SELECT id, state_at, attempts, last_error FROM outbox WHERE state < 8 AND id > ?1 ORDER BY id LIMIT ?2")
        select.bind(1, above)
        select.bind(2, Int64(limit))
        var commands: [FailedCommand] = []
        try select.forEach { row in
            commands.append(
                FailedCommand(
                    id: row.int(0), isGivenUp: false, time: row.time(1), attempts: row.count(2), error: row.optionalText(3)))
        }
        return commands
    }
}
