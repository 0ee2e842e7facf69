internal import CSQLite

/// The file as plain SQL sees it, on a connection of the checker's own.
final class FileView {
    struct Failure: Error, CustomStringConvertible { var description: String }

    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// - Returns: `nil` where there is no database yet.
    init?(_ path: String) {
        var opened: OpaquePointer?
        let result = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
        guard result == SQLITE_OK, let opened else {
            sqlite3_close_v2(opened)
            return nil
        }
        handle = opened
        _ = csqlite_disable_checkpoint_on_close(handle)
        guard (try? rows("SELECT 1 FROM journal LIMIT 1")) != nil else { return nil }
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    struct Row {
        fileprivate let statement: OpaquePointer
        func int(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
        func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
        func text(_ column: Int32) -> String {
            let count = Int(sqlite3_column_bytes(statement, column))
            guard let bytes = sqlite3_column_blob(statement, column) else { return "" }
            return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        }
    }

    /// One state of the file for several looks.
    func begin() throws { try each("BEGIN") { _ in } }
    func end() { try? each("COMMIT") { _ in } }

    func each(_ sql: String, _ values: [Int64] = [], _ body: (Row) -> Void) throws {
        var statement = statements[sql]
        if statement == nil {
            var made: OpaquePointer?
            guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil) == SQLITE_OK else {
                throw Failure(description: "\(sql): \(String(cString: sqlite3_errmsg(handle)))")
            }
            statement = made
            statements[sql] = made
        }
        guard let statement else { return }
        defer { sqlite3_reset(statement) }
        for (index, value) in values.enumerated() { sqlite3_bind_int64(statement, Int32(index + 1), value) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: body(Row(statement: statement))
            case SQLITE_DONE: return
            default: throw Failure(description: "\(sql): \(String(cString: sqlite3_errmsg(handle)))")
            }
        }
    }

    func rows(_ sql: String, _ values: [Int64] = []) throws -> [[Int64]] {
        var rows: [[Int64]] = []
        try each(sql, values) { row in
            rows.append((0..<sqlite3_column_count(row.statement)).map { row.int($0) })
        }
        return rows
    }

    func int(_ sql: String, _ values: [Int64] = []) throws -> Int64? { try rows(sql, values).first?.first }

    func texts(_ sql: String) throws -> [String] {
        var texts: [String] = []
        try each(sql) { texts.append($0.text(0)) }
        return texts
    }
}
