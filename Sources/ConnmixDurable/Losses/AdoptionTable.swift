/// The rows about copies that took the place of lost files.
enum AdoptionTable {
    /// So many ids are left out at least.
    static let fewestSkippedIDs: Int64 = 1_000_000_000
    /// More a second than a lost file can have given since its copy was made.
    static let idsASecond: Int64 = 100_000

    /// - Parameter age: of the copy, in microseconds.
    static func skippedIDs(age: Int64) -> Int64 {
        let (ids, isTooMany) = (max(0, age) / 1_000_000).multipliedReportingOverflow(by: idsASecond)
        return isTooMany ? .max : max(fewestSkippedIDs, ids)
    }

    /// The first id after those that are left out.
    ///
    /// - Throws: `corrupt` where there is none.
    private static func first(after id: Int64, skipping count: Int64, of ledger: Ledger) throws(ConnmixError) -> Int64 {
        let (first, isTooHigh) = id.addingReportingOverflow(count)
        guard !isTooHigh, first < .max else {
            throw ConnmixError(
                .corrupt,
                "the ids of the \(ledger) are used up: its highest is \(id), and \(count) are to be left out; take another copy")
        }
        return first + 1
    }

    /// Writes down that the file is a copy from now on in the place of what it was made of.
    static func add(_ transaction: Transaction, copiedAt: Int64, host: String, reason: String?) throws -> AdoptionRecord {
        let connection = transaction.connection
        let (entry, command) = (try transaction.nextID(.journal) - 1, try transaction.nextID(.outbox) - 1)
        let skipped = skippedIDs(age: transaction.now - copiedAt)
        let firstEntry = try first(after: entry, skipping: skipped, of: .journal)
        let firstCommand = try first(after: command, skipping: skipped, of: .outbox)
        let insert = try connection.statement(
            """
            INSERT INTO adoption (copied_at, adopted_at, host, reason, last_entry, first_entry, last_command, first_command)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """)
        insert.bind(1, copiedAt)
        insert.bind(2, transaction.now)
        insert.bind(3, host)
        insert.bind(4, reason)
        insert.bind(5, entry)
        insert.bind(6, firstEntry)
        insert.bind(7, command)
        insert.bind(8, firstCommand)
        try insert.run()
        return AdoptionRecord(
            id: connection.lastInsertedID, copiedAt: copiedAt, adoptedAt: transaction.now, host: host, reason: reason,
            lastEntry: entry, firstEntry: firstEntry, lastCommand: command, firstCommand: firstCommand)
    }

    /// Oldest first. There are few.
    static func list(_ connection: Connection) throws -> [AdoptionRecord] {
        let select = try connection.statement(
            """
            SELECT id, copied_at, adopted_at, host, reason, last_entry, first_entry, last_command, first_command FROM adoption
            ORDER BY id
            """)
        var records: [AdoptionRecord] = []
        try select.forEach { row in
            records.append(
                AdoptionRecord(
                    id: row.int(0), copiedAt: row.time(1), adoptedAt: row.time(2), host: row.text(3), reason: row.optionalText(4),
                    lastEntry: row.highestID(5), firstEntry: row.highestID(6), lastCommand: row.highestID(7),
                    firstCommand: row.highestID(8)))
        }
        return records
    }

    /// Closes what the run left open that was in the file when it was copied, as the run of a process that died, and leaves open that no
    /// consumer runs: the next one takes the file over as from a run that ended in order.
    static func closeLosses(_ transaction: Transaction, run: Int64) throws {
        _ = try LossTable.inherit(transaction, run: run)
        let open = try transaction.connection.statement("UPDATE gap SET ended_at = NULL WHERE ended_at = ?1 AND cause = ?2")
        open.bind(1, transaction.now)
        open.bind(2, GapCause.noConsumer.rawValue)
        try open.run()
    }
}

extension [AdoptionRecord] {
    /// How many entries were ever given an id up to this one: some ids were left out.
    func entries(upTo id: Int64) -> Int64 {
        reduce(id) { $1.firstEntry <= id ? $0 - ($1.firstEntry - $1.lastEntry - 1) : $0 }
    }

    /// The same for commands.
    func commands(upTo id: Int64) -> Int64 {
        reduce(id) { $1.firstCommand <= id ? $0 - ($1.firstCommand - $1.lastCommand - 1) : $0 }
    }
}
