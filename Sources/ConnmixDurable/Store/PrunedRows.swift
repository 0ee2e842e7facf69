/// Deletes finished rows of either ledger. State 8 is done or sent in both.
enum PrunedRows {
    struct Walk: Equatable {
        var deleted: Int
        /// The last row that was looked at.
        var last: Int64
        /// There is no older row left that may go.
        var isAtEnd: Bool
    }

    /// Looks at the next rows above `after`, and deletes those that finished before that time. The newest row of a table is kept, so
    /// that its id is never given out again.
    static func delete(
        _ transaction: Transaction, _ ledger: Ledger, after: Int64, before: Int64, limit: Int
    ) throws -> Walk {
        let connection = transaction.connection
        let end = try connection.statement(
            ledger == .journal
                ? """
                SELECT max(id), count(*), min(state_at) FROM (SELECT id, state_at FROM journal
                    WHERE id > ?1 AND id < (SELECT max(id) FROM journal) ORDER BY id LIMIT ?2)
                """
                : """
                SELECT max(id), count(*), min(state_at) FROM (SELECT id, state_at FROM outbox
                    WHERE id > ?1 AND id < (SELECT max(id) FROM outbox) ORDER BY id LIMIT ?2)
                """)
        end.bind(1, after)
        end.bind(2, Int64(limit))
        let range = try end.first { (last: $0.int(0), count: Int($0.int(1)), oldest: $0.int(2)) }
        guard let range, range.count > 0 else { return Walk(deleted: 0, last: after, isAtEnd: true) }
        let delete = try connection.statement(
            ledger == .journal
                ? "DELETE FROM journal WHERE id > ?1 AND id <= ?2 AND state = 8 AND state_at < ?3"
                : """
                DELETE FROM outbox WHERE id > ?1 AND id <= ?2 AND state = 8 AND state_at < ?3 AND coalesce(failed, 0) = 0
                """)
        delete.bind(1, after)
        delete.bind(2, range.last)
        delete.bind(3, before)
        try delete.run()
        var deleted = connection.changes
        transaction.count(deleted, from: 8, to: nil, in: ledger)
        if ledger == .journal {
            // What was replayed is as finished as what is done, unless a lane still stands behind it.
            let replayed = try connection.statement(
                """
                DELETE FROM journal WHERE id > ?1 AND id <= ?2 AND state > 8 AND state = 11 AND state_at < ?3
                    AND NOT EXISTS (SELECT 1 FROM parked_lane AS p WHERE p.lane = coalesce(journal.lane, journal.client)
                        AND p.entry = journal.id)
                """)
            replayed.bind(1, after)
            replayed.bind(2, range.last)
            replayed.bind(3, before)
            try replayed.run()
            transaction.count(connection.changes, from: 11, to: nil, in: .journal)
            deleted += connection.changes
        } else {
            // An acknowledgement that found nobody is as finished as one that was taken.
            let acknowledgements = try connection.statement(
                "DELETE FROM outbox WHERE id > ?1 AND id <= ?2 AND state = 9 AND flags & 32 AND state_at < ?3")
            acknowledgements.bind(1, after)
            acknowledgements.bind(2, range.last)
            acknowledgements.bind(3, before)
            try acknowledgements.run()
            transaction.count(connection.changes, from: 9, to: nil, in: .outbox)
            deleted += connection.changes
        }
        if ledger == .journal, deleted > 0 {
            let attempts = try connection.statement(
                """
                DELETE FROM attempt WHERE entry > ?1 AND entry <= ?2
                    AND NOT EXISTS (SELECT 1 FROM journal WHERE journal.id = attempt.entry)
                """)
            attempts.bind(1, after)
            attempts.bind(2, range.last)
            try attempts.run()
        }
        return Walk(deleted: deleted, last: range.last, isAtEnd: range.count < limit || range.oldest >= before)
    }
}

extension Connection {
    /// The bytes of the database that hold something.
    func usedBytes() throws -> Int64 {
        let pages = try statement("PRAGMA page_count").first { $0.int(0) } ?? 0
        let free = try statement("PRAGMA freelist_count").first { $0.int(0) } ?? 0
        let size = try statement("PRAGMA page_size").first { $0.int(0) } ?? 0
        return (pages - free) * size
    }
}
