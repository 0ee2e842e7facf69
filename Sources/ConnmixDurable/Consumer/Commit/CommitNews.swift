/// The part of a commit that looks at what others have changed in the file: rows may be waiting that were looked at before, and what
/// waits in memory may wait for another time, or not any more.
///
/// It looks only where somebody has committed. What it finds is committed already, so it holds however this transaction ends.
struct CommitNews {
    let core: ConsumerCore

    /// - Parameter changes: what this commit is going to write of commands: it is newer than the file.
    func read(_ transaction: Transaction, _ changes: [Relay.Change]) throws {
        guard transaction.foreignCommits || core.mustLookAgain else {
            return try recheck(core.lookFurtherAtCommands(), transaction.connection, changes)
        }
        let marks = try ChangeMark.versions(transaction.connection)
        let seen = core.saw(marks)
        do {
            let news = marks.news(since: seen)
            if news.journal { try readJournal(transaction.connection) }
            switch news.outbox {
            case .nothing: try recheck(core.lookFurtherAtCommands(), transaction.connection, changes)
            case .added:
                core.lookBehindCommands()
                try recheck(core.lookFurtherAtCommands(), transaction.connection, changes)
            case .changed: try readOutbox(transaction.connection, changes)
            }
            core.lookedAgain()
            transaction.lookedAtForeignCommits()
        } catch {
            // It looks once more with the next commit.
            _ = core.saw(seen)
            throw error
        }
    }

    private func readJournal(_ connection: Connection) throws {
        core.adopt(try Pauses.list(connection))
        let unclaimed = core.lookAgainAtEntries(parked: try ParkedLanes.names(connection))
        guard !unclaimed.isEmpty else { return }
        let (waiting, gone) = try JournalTable.recheck(connection, ids: unclaimed)
        core.rechecked(entries: waiting, gone: gone)
    }

    private func readOutbox(_ connection: Connection, _ changes: [Relay.Change]) throws {
        try recheck(core.lookAgainAtCommands(), connection, changes)
    }

    private func recheck(_ ids: [Int64], _ connection: Connection, _ changes: [Relay.Change]) throws {
        guard !ids.isEmpty else { return }
        do {
            let (waiting, settled) = try OutboxTable.recheck(connection, ids: ids)
            core.rechecked(commands: waiting, settled: settled, changes)
        } catch {
            core.lookAgainAtAwaited()
            throw error
        }
    }
}
