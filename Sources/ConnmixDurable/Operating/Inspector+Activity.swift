extension Inspector {
    /// What has happened lately, without counting rows.
    ///
    /// - Parameter earlier: the report before, for what failed since.
    /// - Throws: errors of the file, as ``Inspector`` names them.
    public func activity(since earlier: ActivityReport? = nil) throws -> ActivityReport {
        try read { connection in
            let now = Clock.now()
            var report = ActivityReport()
            report.takenAt = now
            let journal = try Ledger.journal.counts(connection)
            let outbox = try Ledger.outbox.counts(connection)
            let adoptions = try AdoptionTable.list(connection)
            let newest = try connection.statement("SELECT max(id) FROM journal").first { $0.highestID(0) } ?? 0
            report.entries = adoptions.entries(upTo: newest)
            report.openEntries = journal.reduce(0) { $0 + ($1.key < 8 ? $1.value : 0) }
            report.commands = adoptions.commands(
                upTo: try connection.statement("SELECT max(id) FROM outbox").first { $0.highestID(0) } ?? 0)
            report.openCommands = outbox.reduce(0) { $0 + ($1.key < 8 ? $1.value : 0) }
            report.unsentCommands = outbox.reduce(0) { $0 + ($1.key > 8 ? $1.value : 0) }
            let before = adoptions.entries(upTo: try JournalReader.lastID(connection, before: now - 60_000_000))
            report.receivedLastMinute = max(0, report.entries - before)
            report.failedLastMinute = try JournalReader.failedAttempts(connection, from: now - 60_000_000, to: now)
            if let earlier {
                // An attempt is written down a little after it ended: both ends of the time lie that much back.
                let lag: Int64 = 200_000
                report.failedSinceLast = try JournalReader.failedAttempts(connection, from: earlier.takenAt - lag, to: now - lag)
            }
            report.parkedLanes = Int(try connection.integer("SELECT count(*) FROM parked_lane"))
            let dead = try DeadCauses.since(connection, now - 3_600_000_000)
            (report.deadLastHour, report.isDeadLastHourCut) = (dead.causes, dead.isCut)
            return report
        }
    }
}
