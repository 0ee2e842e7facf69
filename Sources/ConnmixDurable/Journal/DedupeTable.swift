/// The keys of messages that were seen, for as long as the window.
enum DedupeTable {
    /// The entry that had this key first, within the window.
    static func entry(_ transaction: Transaction, key: String, since: Int64) throws -> Int64? {
        let select = try transaction.connection.statement("SELECT entry FROM dedupe WHERE key = ?1 AND seen_at >= ?2")
        return try key.lend { text in
            select.bindText(1, text)
            select.bind(2, since)
            return try select.first { $0.int(0) }
        }
    }

    static func remember(_ transaction: Transaction, key: String, entry: Int64) throws {
        let insert = try transaction.connection.statement(
            "INSERT OR REPLACE INTO dedupe (key, entry, seen_at, repeats) VALUES (?1, ?2, ?3, 0)")
        insert.bind(1, key)
        insert.bind(2, entry)
        insert.bind(3, transaction.now)
        try insert.run()
    }

    /// A key that was seen elsewhere. Where it was seen here too, that counts.
    static func adopt(_ transaction: Transaction, key: String, entry: Int64, seenAt: Int64) throws {
        let insert = try transaction.connection.statement(
            "INSERT OR IGNORE INTO dedupe (key, entry, seen_at, repeats) VALUES (?1, ?2, ?3, 0)")
        insert.bind(1, key)
        insert.bind(2, entry)
        insert.bind(3, seenAt)
        try insert.run()
    }

    /// The entry is not meant to be here: a message with its key is no repeat.
    static func forget(_ transaction: Transaction, key: String, entry: Int64) throws {
        let delete = try transaction.connection.statement("DELETE FROM dedupe WHERE key = ?1 AND entry = ?2")
        delete.bind(1, key)
        delete.bind(2, entry)
        try delete.run()
    }

    static func countRepeat(_ transaction: Transaction, key: String) throws {
        let update = try transaction.connection.statement(
            "UPDATE dedupe SET repeats = min(repeats, 2147483647) + 1, repeated_at = ?2 WHERE key = ?1")
        update.bind(1, key)
        update.bind(2, transaction.now)
        try update.run()
    }

    /// Forgets keys older than the window, a slice at a time.
    ///
    /// - Returns: how many.
    @discardableResult
    static func prune(_ transaction: Transaction, before time: Int64, limit: Int = 500) throws -> Int {
        let delete = try transaction.connection.statement(
            "DELETE FROM dedupe WHERE key IN (SELECT key FROM dedupe WHERE seen_at < ?1 ORDER BY seen_at LIMIT ?2)")
        delete.bind(1, time)
        delete.bind(2, Int64(limit))
        try delete.run()
        return transaction.connection.changes
    }
}
