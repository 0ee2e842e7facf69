internal import CSQLite

/// A database read by plain SQL: shares no code with the consumer, so that one fault cannot hide the other.
///
/// Each is for one thread at a time; it is opened, asked and closed.
public struct PlainFile: ~Copyable {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    private let handle: OpaquePointer

    /// Opens it, for reading where nothing else is said.
    public init(_ path: String, isWritable: Bool = false) throws {
        var handle: OpaquePointer?
        let flags = (isWritable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX
        let result = sqlite3_open_v2(path, &handle, flags, nil)
        guard result == SQLITE_OK, let handle else {
            sqlite3_close_v2(handle)
            throw Failure(description: "\(path) cannot be opened: SQLite \(result)")
        }
        sqlite3_busy_timeout(handle, 10_000)
        _ = csqlite_disable_checkpoint_on_close(handle)
        self.handle = handle
    }

    deinit {
        sqlite3_close_v2(handle)
    }

    /// Each row, as it comes.
    public func rows(_ query: String, _ body: (PlainRow) throws -> Void) throws {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(handle, query, -1, &statement, nil) == SQLITE_OK, let statement else { throw failure(query) }
        defer { sqlite3_finalize(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try body(PlainRow(statement: statement))
            case SQLITE_DONE: return
            default: throw failure(query)
            }
        }
    }

    /// Statements that answer nothing.
    public func execute(_ statements: String) throws {
        guard sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK else { throw failure(statements) }
    }

    /// The first column of the first row; 0 where there is none.
    public func integer(_ query: String) throws -> Int {
        var value = 0
        try rows(query) { value = $0.integer(0) }
        return value
    }

    /// The first column of all rows.
    public func texts(_ query: String) throws -> [String] {
        var values: [String] = []
        try rows(query) { values.append($0.text(0)) }
        return values
    }

    private func failure(_ query: String) -> Failure {
        Failure(
            description: "SQLite \(sqlite3_extended_errcode(handle)), \(String(cString: sqlite3_errmsg(handle))), at: \(query)")
    }
}

/// A row of ``PlainFile``, while it is shown.
public struct PlainRow {
    fileprivate let statement: OpaquePointer

    public func integer(_ column: Int32) -> Int { Int(sqlite3_column_int64(statement, column)) }

    public func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    public func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(statement, column) else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column))), as: UTF8.self)
    }
}
