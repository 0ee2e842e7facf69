import CSQLite
import FoundationEssentials

/// Real databases with damage of a disk, a copy that broke off, or somebody who means harm: bytes, not rows.
struct DamagedFiles {
    enum Place: String, CaseIterable, Sendable {
        case header, schema, pages, log, logHeader, end, holes, swapped
    }

    private let database: [UInt8]
    private let log: [UInt8]

    /// Takes the file as a process leaves it that died: what was written last is in the log only.
    init(of path: String) throws {
        var handle: OpaquePointer?
        defer { sqlite3_close_v2(handle) }
        let sql = """
            PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
            UPDATE journal SET node = node || '~'; UPDATE outbox SET writes = writes + 1;
            """
        guard sqlite3_open(path, &handle) == SQLITE_OK, sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
            throw HostileFiles.Unwritten(words: sqlite3_errmsg(handle).map { String(cString: $0) } ?? path)
        }
        database = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        log = Array(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")))
    }

    /// Writes a damaged copy.
    func write(_ path: String, _ place: Place, _ generator: inout some RandomNumberGenerator) throws {
        var (database, log) = (database, log)
        let page = 4_096
        let pages = database.count / page
        switch place {
        case .header: Self.flip(&database, 0..<100, 1, &generator)
        case .schema: Self.flip(&database, 100..<page, 4, &generator)
        case .pages: Self.flip(&database, page..<database.count, 24, &generator)
        case .log: Self.flip(&log, 32..<log.count, 8, &generator)
        case .logHeader: Self.flip(&log, 0..<32, 1, &generator)
        case .end:
            database.removeLast(Int.random(in: 1..<database.count, using: &generator))
            if Bool.random(using: &generator) { log.removeLast(Int.random(in: 1..<log.count, using: &generator)) }
        case .holes:
            for _ in 0..<2 {
                let start = Int.random(in: 1..<pages, using: &generator) * page
                database.replaceSubrange(start..<start + page, with: repeatElement(0, count: page))
            }
        case .swapped:
            let one = Int.random(in: 1..<pages, using: &generator) * page
            let other = Int.random(in: 1..<pages, using: &generator) * page
            for offset in 0..<page { database.swapAt(one + offset, other + offset) }
        }
        try Data(database).write(to: URL(fileURLWithPath: path))
        // In most the damage is in the file itself, and a whole log would hide it.
        guard place == .log || place == .logHeader || Bool.random(using: &generator) else { return }
        try Data(log).write(to: URL(fileURLWithPath: path + "-wal"))
    }

    private static func flip(
        _ bytes: inout [UInt8], _ range: Range<Int>, _ count: Int, _ generator: inout some RandomNumberGenerator
    ) {
        for _ in 0..<Int.random(in: 1...count, using: &generator) {
            let place = Int.random(in: range, using: &generator)
            let kind = Int.random(in: 0..<3, using: &generator)
            bytes[place] = kind == 0 ? 0xFF : kind == 1 ? 0 : bytes[place] ^ (1 << UInt8.random(in: 0..<8, using: &generator))
        }
    }
}
