internal import Glibc

extension DatabaseMaintenance {
    /// What a check found.
    public struct CheckReport: Sendable, Equatable {
        /// What is wrong, in words. Empty: the file is sound.
        public internal(set) var problems: [String] = []
        /// What was not looked at and why, and what is no damage.
        public internal(set) var notes: [String] = []
        /// How many things were looked at.
        public internal(set) var checks = 0
    }

    /// Problems of one table beyond this many are not listed.
    private static let problemLimit: Int64 = 100
    /// Beside a consumer no ledger of a larger file is read whole in one go: it would pin the log meanwhile.
    private static let largeBytes: Int64 = 256 << 20
    /// A log that grew by no more need not start over.
    private static let smallGrowth: Int64 = 4 << 20
    /// A busy consumer checkpoints within this time.
    private static let checkpointTime: Duration = .milliseconds(1_500)

    /// Checks the file: SQLite's own structures, and what the library's tables say of each other.
    ///
    /// Beside a consumer each table is read by itself, so that the log can start over in between. A table during whose reading the log
    /// grows by 64 MiB is given up, and the counters of finished rows are left out where the file is large; both are noted. A backup is
    /// checked whole.
    ///
    /// - Parameter watcher: told how far the check is, on the calling thread.
    /// - Throws: `noSuchDatabase`, `noPermission`, `foreignDatabase`, errors of the disk; what `watcher` throws. What is wrong with the
    ///   file's content is in the report.
    public func check(_ watcher: Watcher = { _ in }) throws -> CheckReport {
        let isLive = FileLock.currentOwner(database: path) != nil
        var report = CheckReport()
        let connection: Connection
        do {
            try file.refuseForeign(mustExist: true, for: .reading)
            connection = try file.openForReading()
            try checkStructure(connection, isLive: isLive, watcher, &report)
        } catch let error as ConnmixError where error.code == .corrupt {
            report.problems.append(error.message)
            return report
        }
        // What the tables say means nothing while SQLite cannot read them.
        guard report.problems.isEmpty else { return report }
        try checkInvariants(connection, isLive: isLive, watcher, &report)
        try connection.frozen?.verify()
        return report
    }

    private func checkStructure(
        _ connection: Connection, isLive: Bool, _ watcher: Watcher, _ report: inout CheckReport
    ) throws {
        let tables = isLive ? try TableGuard.allTables(connection) : []
        let parts: [String?] = isLive ? tables : [nil]
        if isLive { report.notes.append("unused pages were not looked at: a consumer runs") }
        for (index, table) in parts.enumerated() {
            let progress = Progress(
                step: table.map { "table \($0)" } ?? "pages and indexes", done: index, total: parts.count + Invariant.all.count)
            try watcher(progress)
            let select: Statement
            if let table {
                select = try connection.prepare("SELECT integrity_check FROM pragma_integrity_check(?1)")
                select.bind(1, table)
            } else {
                select = try connection.prepare("PRAGMA integrity_check(\(Self.problemLimit))")
            }
            _ = connection.takeDiskError()
            do {
                let note = try look(connection, isLive: isLive, watcher, progress) {
                    try select.forEach { if $0.text(0) != "ok" { report.problems.append("SQLite: \($0.text(0).boundedError)") } }
                }
                if let note { report.notes.append(note) }
            } catch let error as ConnmixError where error.code == .corrupt {
                report.problems.append(error.message)
            }
            // SQLite lists a page that the disk did not give among those that are damaged.
            if let error = connection.takeDiskError(), !report.problems.isEmpty {
                throw ConnmixError(
                    .inputOutput, "checking \(progress.step): the disk did not answer a read (\(error.text)); check the disk")
            }
            report.checks += 1
        }
    }

    /// Runs `body`; beside a consumer only for as long as the log stays within bounds.
    ///
    /// - Returns: what to note where it was given up.
    private func look(
        _ connection: Connection, isLive: Bool, _ watcher: Watcher, _ progress: Progress, _ body: () throws -> Void
    ) throws -> String? {
        let log = LogWatch(file, limit: isLive ? checkLogLimit : .max)
        func watch() throws {
            try watcher(progress)
            try log.check()
        }
        var note: String?
        do {
            try connection.watched(by: watch, body)
        } catch is LogWatch.TooLong {
            note = "\(progress.step) was not looked at to its end: the consumer writes much meanwhile; check a backup"
        }
        // Nothing is read now: the consumer's next checkpoint lets the log start over.
        let end = ContinuousClock.now + Self.checkpointTime
        while log.growth > Self.smallGrowth, ContinuousClock.now < end {
            try watcher(progress)
            usleep(50_000)
        }
        return note
    }

    private func checkInvariants(
        _ connection: Connection, isLive: Bool, _ watcher: Watcher, _ report: inout CheckReport
    ) throws {
        let isLarge = file.size().database > Self.largeBytes
        for (index, invariant) in Invariant.all.enumerated() {
            guard !(invariant.cost == .full && isLive && isLarge) else {
                report.notes.append("\(invariant.name) were not compared: a consumer runs and the file is large; check a backup")
                continue
            }
            let done = report.checks + index
            let progress = Progress(step: invariant.name, done: done, total: max(done, report.checks + Invariant.all.count))
            try watcher(progress)
            var found: (count: Int64, example: String)?
            let note = try look(connection, isLive: isLive, watcher, progress) {
                found = try connection.prepare(invariant.sql).first { (count: $0.int(0), example: $0.text(1)) }
            }
            if let note { report.notes.append(note) }
            if let found, found.count > 0 {
                report.problems.append(invariant.words(count: found.count, example: found.example))
            }
        }
        report.checks += Invariant.all.count
        let claimed = try connection.integer("SELECT count(*) FROM journal WHERE state < 8 AND state = 3")
        if !isLive, claimed > 0 {
            report.notes.append(
                "\(claimed) entries are claimed and no consumer runs: the last one ended uncleanly; the next start gives them back"
            )
        }
    }
}
