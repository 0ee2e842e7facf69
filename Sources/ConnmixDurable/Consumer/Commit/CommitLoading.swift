/// The part of a commit that brings rows of the file into memory: entries that waited in memory for their time are claimed, and where
/// the windows have room they are filled from the file.
///
/// It reads outside the core's lock: a scan takes as long as a hundred handlers.
struct CommitLoading {
    let core: ConsumerCore

    /// How many bytes one look at the file brings into memory, or one row that has more.
    private static let bytes = 8 << 20

    func claim(_ transaction: Transaction, _ ids: [Int64], _ effects: inout CommitEffects) throws {
        effects.lostClaims = try JournalTable.claim(transaction, ids: ids, run: core.run)
    }

    func load(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        try loadEntries(transaction, &effects)
        try loadCommands(transaction, &effects)
    }

    private func loadEntries(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        guard let pass = core.nextPassOfEntries() else { return }
        var rows: [(id: Int64, delivery: Delivery)] = []
        rows.reserveCapacity(pass.limit)
        var bytes = 0
        let scanned = try JournalTable.scan(transaction.connection, after: pass.after, limit: pass.limit) { row in
            let delivery = Delivery(row, isClaimed: row.availableAt <= transaction.now)
            rows.append((row.id, delivery))
            bytes += delivery.bytes
            return bytes < Self.bytes
        }
        let claims = core.loaded(rows, of: pass, isLast: scanned < pass.limit, now: transaction.now, &effects)
        guard try JournalTable.claim(transaction, ids: claims, run: core.run).isEmpty else {
            throw ConnmixError(.internal, "entries were found waiting and could not be claimed in the same transaction")
        }
    }

    private func loadCommands(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        guard let pass = core.nextPassOfCommands() else { return }
        var rows: [(id: Int64, command: OutgoingCommand)] = []
        rows.reserveCapacity(pass.limit)
        var bytes = 0
        let scanned = try OutboxTable.scan(transaction.connection, after: pass.after, limit: pass.limit) { row in
            let command = try OutgoingCommand(row)
            rows.append((row.id, command))
            bytes += command.bytes
            return bytes < Self.bytes
        }
        core.loaded(rows, of: pass, isLast: scanned < pass.limit, now: transaction.now, &effects)
    }
}
