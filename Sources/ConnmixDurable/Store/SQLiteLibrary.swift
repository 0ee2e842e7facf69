internal import CSQLite

/// The library that this process runs with.
enum SQLiteLibrary {
    static var version: String { String(cString: sqlite3_libversion()) }
    /// `3_040_001` is 3.40.1.
    static var number: Int { Int(sqlite3_libversion_number()) }
    static var isThreadsafe: Bool { sqlite3_threadsafe() != 0 }

    /// Whether a checkpoint that runs while another connection commits can lose data: 3.7.0 to 3.51.2
    /// (https://sqlite.org/wal.html, "The WAL-Reset Bug").
    static func hasWALResetBug(_ number: Int) -> Bool {
        (3_007_000...3_051_002).contains(number)
    }
}
