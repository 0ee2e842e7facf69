/// The part of a commit that writes down what became of commands since the last one: sent, ended, put off, about to be written once.
///
/// Those that the engine took at the first try, nearly all of them, are marked with one statement a stretch of ids.
struct CommitMarks {
    let core: ConsumerCore

    func write(_ transaction: Transaction, _ changes: [Relay.Change], _ effects: inout CommitEffects) throws {
        var plain: [Int64] = []
        for change in changes {
            switch change {
            case .sent(let id, true, _):
                plain.append(id)
            case .sent(let id, false, let settlement), .settled(let id, let settlement):
                try OutboxTable.settle(transaction, id: id, settlement)
            case .postponed(let id, let item, let code, let error):
                try OutboxTable.postpone(
                    transaction, id: id, attempts: item.attempts, writes: item.writes, availableAt: item.availableAt,
                    code: code, error: error)
            case .writing(let id):
                if try !OutboxTable.markWriting(transaction, id: id) { effects.endedByOthers.insert(id) }
            }
        }
        plain.sort()
        try OutboxTable.markSent(transaction, ids: plain)
        try expire(transaction, &effects)
    }

    /// Ends commands whose time ran out in the file, beyond what is in memory.
    private func expire(_ transaction: Transaction, _ effects: inout CommitEffects) throws {
        guard core.isExpiryDue(now: transaction.now) else { return }
        for (id, attempts, writes) in try OutboxTable.expired(transaction, limit: Self.slice) where core.isOnlyInFile(id) {
            let end = Settlement(
                state: .expired, attempts: attempts, writes: writes, error: OutgoingCommand.expiry(writes: writes))
            try OutboxTable.settle(transaction, id: id, end)
            effects.expired.append((id, end))
        }
    }

    /// So many are ended by one commit.
    private static let slice = 1_000
}
