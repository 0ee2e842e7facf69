/// How the newest run on a file ended.
extension RunTable {
    /// - Parameter live: what the run says of itself beside the file: often later than its last commit.
    /// - Returns: `nil` where no consumer has ever run.
    static func newestEnd(_ connection: Connection, live: LiveAccount.Reading?) throws -> StatusReport.Ended? {
        let select = try connection.statement(
            """
            SELECT id, pid, clean, started_at, ended_at, (SELECT max(updated_at) FROM runtime WHERE runtime.run = run.id)
            FROM run WHERE id > 0 ORDER BY id DESC LIMIT 1
            """)
        return try select.first { row in
            let signs = [row.optionalTime(5), live?.run == row.int(0) ? live?.updatedAt : nil].compactMap { $0 }
            let isInOrder = row.int(2) == 1
            let seen = signs.reduce(row.time(3), max)
            return .init(
                isInOrder: isInOrder, at: isInOrder ? row.optionalTime(4) ?? seen : min(seen, Clock.now()), pid: row.int(1))
        }
    }
}
