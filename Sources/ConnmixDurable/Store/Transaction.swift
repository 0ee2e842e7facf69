/// An open `BEGIN IMMEDIATE`. Verbs take it, so that a caller can join several of them; whoever opened it commits it.
final class Transaction {
    let connection: Connection
    /// The time of this transaction, in microseconds since 1970.
    private(set) var now: Int64 = 0
    private var deltas = CountDeltas()
    private var lastIDs: [Int64] = [0, 0]
    private var seenDataVersion: Int64?
    /// Another process has committed, and nobody has looked at what: rows may have been added or changed. It stays so until `lookedAtForeignCommits`:
    /// not every transaction looks.
    private(set) var foreignCommits = false

    /// Of the file's owner, which may ask others to let it go first.
    private let lock: FileLock?

    init(_ connection: Connection, lock: FileLock? = nil) {
        self.connection = connection
        self.lock = lock
    }

    /// Runs `body` and commits. Any error rolls back and is thrown; nothing of the transaction remains then.
    func run<T>(_ body: (Transaction) throws -> T) throws -> T {
        do {
            try begin()
            now = Clock.now()
            try noticeForeignCommits()
            let result = try body(self)
            try deltas.write(to: connection)
            try connection.run("COMMIT")
            deltas.clear()
            return result
        } catch {
            deltas.clear()
            seenDataVersion = nil  // ids given out in here are free again
            if connection.isInTransaction { try connection.run("ROLLBACK") }
            throw error
        }
    }

    /// Whatever others have committed up to this transaction was looked at. Where it is rolled back it is to be looked at again.
    func lookedAtForeignCommits() { foreignCommits = false }

    private func begin() throws {
        guard let lock else { return try connection.begin() }
        var hasTurn = false
        defer { if hasTurn { lock.unlock(.turnstile) } }
        try connection.begin { hasTurn = lock.tryLock(.turnstile, exclusive: true) }
    }

    /// Runs `body` so that its failure undoes only its own statements. The error is thrown on.
    func savepoint<T>(_ body: () throws -> T) throws -> T {
        try connection.run("SAVEPOINT part")
        let deltasBefore = deltas
        do {
            let result = try body()
            try connection.run("RELEASE part")
            return result
        } catch {
            deltas = deltasBefore
            // A full disk or an I/O error may have rolled back everything already; then there is no savepoint left.
            if connection.isInTransaction {
                try connection.run("ROLLBACK TO part")
                try connection.run("RELEASE part")
            }
            throw error
        }
    }

    /// The next id of a ledger: one above the highest there ever was.
    ///
    /// - Throws: `corrupt` where there is none.
    func nextID(_ ledger: Ledger) throws(ConnmixError) -> Int64 {
        let place = Int(ledger.rawValue - 1)
        guard lastIDs[place] < .max else {
            throw ConnmixError(
                .corrupt, "the ids of the \(ledger) are used up: it has a row with id \(Int64.max); restore a backup")
        }
        lastIDs[place] += 1
        return lastIDs[place]
    }

    func count(_ rows: Int, from old: Int64? = nil, to new: Int64?, in ledger: Ledger) {
        if let old { deltas.add(-rows, to: old, of: ledger) }
        if let new { deltas.add(rows, to: new, of: ledger) }
    }

    /// Ids are counted in memory; another process may have inserted since.
    private func noticeForeignCommits() throws {
        let version = try connection.dataVersion()
        guard version != seenDataVersion else { return }
        foreignCommits = true
        // Above a copy's own ids those of the lost file are left out.
        lastIDs[0] =
            try connection.statement(
                "SELECT max((SELECT coalesce(max(id), 0) FROM journal), (SELECT coalesce(max(first_entry), 1) - 1 FROM adoption))"
            ).first { $0.int(0) } ?? 0
        lastIDs[1] =
            try connection.statement(
                "SELECT max((SELECT coalesce(max(id), 0) FROM outbox), (SELECT coalesce(max(first_command), 1) - 1 FROM adoption))"
            ).first { $0.int(0) } ?? 0
        seenDataVersion = version
    }
}
