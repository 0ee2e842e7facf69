/// Why commands failed.
extension Inspector {
    private static let page = 5_000

    /// The commands that ended without success between two times, and the pending ones that failed before, grouped by their errors, most
    /// commands first.
    ///
    /// A pending one counts for when it was to be tried last, and whatever the time: its trouble is now. Reads in short pages.
    ///
    /// - Parameters:
    ///   - since: in microseconds since 1970.
    ///   - until: before that time.
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func commandCauses(since: Int64, until: Int64 = .max) throws -> [FailureCause] {
        try commandCauses(since: since, until: until) { _ in }
    }

    /// The same, telling after each read how many rows it went over.
    package func commandCauses(since: Int64, until: Int64, looked: (Int) throws -> Void) throws -> [FailureCause] {
        var tally = CauseTally()
        let now = Clock.now()
        for isOpen in [false, true] {
            var floor = Int64.max
            var isLast = false
            while !isLast {
                let page = try read { try Self.failed($0, isOpen: isOpen, below: floor, limit: Self.page) }
                for command in page {
                    guard let error = command.error, isOpen || command.isGivenUp && command.time >= since && command.time < until
                    else { continue }
                    tally.add(entry: command.id, at: min(now, command.time), error: error, attempts: command.attempts)
                    if !isOpen { tally.isDead(command.id) }
                }
                floor = page.last?.id ?? floor
                try looked(page.count)
                isLast = page.count < Self.page
            }
        }
        return tally.causes
    }

    struct FailedCommand {
        var id: Int64
        var isGivenUp: Bool
        var time: Int64
        var attempts: Int
        var error: String?
    }

    static func failed(
        _ connection: Connection, isOpen: Bool, below: Int64, limit: Int
    ) throws -> [FailedCommand] {
        // The conditions of the partial indexes, to the letter. An acknowledgement that found nobody is no failure.
        let select = try connection.statement(
            isOpen
                ? """
                SELECT id, 0, state_at, attempts, last_error FROM outbox WHERE state < 8 AND id < ?1 ORDER BY id DESC LIMIT ?2
                """
                : """
                SELECT id, state IN (9, 10, 13) AND NOT (state = 9 AND flags & 32), state_at, attempts, last_error
                FROM outbox WHERE state > 8 AND id < ?1 ORDER BY id DESC LIMIT ?2
                """)
        select.bind(1, below)
        select.bind(2, Int64(limit))
        var commands: [FailedCommand] = []
        try select.forEach { row in
            commands.append(
                FailedCommand(
                    id: row.int(0), isGivenUp: row.int(1) != 0, time: row.time(2), attempts: row.count(3),
                    error: row.optionalText(4)))
        }
        return commands
    }
}
