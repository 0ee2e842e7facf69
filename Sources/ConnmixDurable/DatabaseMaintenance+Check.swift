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

    /// Checks the file: SQLite's own structures, and what the library's tables say of each other.
    ///
    /// Beside a consumer each table is read by itself, so that the log can start over in between; the counters of finished rows are
    /// left out there where the file is large, and noted. A backup of it can be checked whole.
    public func check(_ watcher: Watcher = { _ in }) throws -> CheckReport {
        let isLive = FileLock.currentOwner(database: path) != nil
        var report = CheckReport()
        let connection: Connection
        do {
            connection = try file.openForReading()
            try checkStructure(connection, isLive: isLive, watcher, &report)
        } catch let error as ConnmixError where error.code == .corrupt {
            report.problems.append(error.message)
            return report
        }
        // What the tables say means nothing while SQLite cannot read them.
        guard report.problems.isEmpty else { return report }
        try checkInvariants(connection, isLive: isLive, watcher, &report)
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
            do {
                try connection.watched(by: { try watcher(progress) }) {
                    try select.forEach { if $0.text(0) != "ok" { report.problems.append("SQLite: \($0.text(0).boundedError)") } }
                }
            } catch let error as ConnmixError where error.code == .corrupt {
                report.problems.append(error.message)
            }
            report.checks += 1
        }
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
            let found = try connection.watched(by: { try watcher(progress) }) {
                try connection.prepare(invariant.sql).first { (count: $0.int(0), example: $0.text(1)) }
            }
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
