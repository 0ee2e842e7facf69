internal import CSQLite

/// A prepared statement, confined to the thread of its connection.
///
/// Values bound as bytes are not copied: they must live until `reset`, which `run` and `forEach` call on every way out.
final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer
    private let closure: GuardedClosure?

    init(_ sql: UnsafeBufferPointer<UInt8>, on database: OpaquePointer, persistent: Bool, in closure: GuardedClosure? = nil)
        throws(ConnmixError)
    {
        var handle: OpaquePointer?
        let flags = persistent ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
        var read = 0
        let result = sql.withMemoryRebound(to: CChar.self) { text in
            var end: UnsafePointer<CChar>?
            let result = sqlite3_prepare_v3(database, text.baseAddress, Int32(clamping: text.count), flags, &handle, &end)
            if let start = text.baseAddress, let end { read = end - start }
            return result
        }
        func text(_ part: some Collection<UInt8>) -> String { String(decoding: part, as: UTF8.self).bounded(toBytes: 80) }
        guard result == SQLITE_OK else {
            throw .sqlite(result, database, doing: "preparing \"\(text(sql.prefix(80)))\"", in: closure)
        }
        guard let handle else { throw ConnmixError(.badData, "\"\(text(sql.prefix(80)))\" holds no statement") }
        self.handle = handle
        self.database = database
        self.closure = closure
        // What stands in the source is one statement.
        guard !persistent, let more = Self.rest(sql, from: read, on: database) else { return }
        throw ConnmixError(
            .badData, "\"\(text(sql.prefix(80)))\" is more than one statement; run \"\(text(more.prefix(80)))\" by itself")
    }

    /// What SQLite left unread and is not a comment.
    private static func rest(
        _ sql: UnsafeBufferPointer<UInt8>, from read: Int, on database: OpaquePointer
    ) -> Slice<UnsafeBufferPointer<UInt8>>? {
        let rest = sql[min(read, sql.count)...].drop {
            $0 == 0 || $0 == 0x20 || $0 == UInt8(ascii: ";") || (0x09...0x0D).contains($0)
        }
        guard !rest.isEmpty else { return nil }
        // SQLite reads up to a zero byte, and what stands behind it may be anything.
        guard !rest.contains(0) else { return rest }
        var next: OpaquePointer?
        let result = UnsafeBufferPointer(rebasing: rest).withMemoryRebound(to: CChar.self) {
            sqlite3_prepare_v3(database, $0.baseAddress, Int32(clamping: $0.count), 0, &next, nil)
        }
        sqlite3_finalize(next)
        return result == SQLITE_OK && next == nil ? nil : rest
    }

    deinit {
        sqlite3_finalize(handle)
    }

    // MARK: Binding

    func bind(_ index: Int32, _ value: Int64) {
        check(sqlite3_bind_int64(handle, index, value))
    }

    func bind(_ index: Int32, _ value: Int64?) {
        if let value { bind(index, value) } else { bindNull(index) }
    }

    func bindNull(_ index: Int32) {
        check(sqlite3_bind_null(handle, index))
    }

    func bindReal(_ index: Int32, _ value: Double) {
        check(sqlite3_bind_double(handle, index, value))
    }

    /// Binds text that the caller keeps alive until the statement is reset.
    func bindText(_ index: Int32, _ utf8: UnsafeBufferPointer<UInt8>) {
        utf8.withMemoryRebound(to: CChar.self) { text in
            guard let base = text.baseAddress else { return check(sqlite3_bind_text(handle, index, "", 0, nil)) }
            check(sqlite3_bind_text64(handle, index, base, UInt64(text.count), nil, UInt8(SQLITE_UTF8)))
        }
    }

    /// Binds bytes that the caller keeps alive until the statement is reset.
    func bindBytes(_ index: Int32, _ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, bytes.count > 0 else {
            return check(sqlite3_bind_zeroblob(handle, index, 0))
        }
        check(sqlite3_bind_blob64(handle, index, base, UInt64(bytes.count), nil))
    }

    /// Binds a copy of the text.
    func bind(_ index: Int32, _ text: String?) {
        guard var text else { return bindNull(index) }
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
                let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)  // SQLITE_TRANSIENT
                check(
                    sqlite3_bind_text64(
                        handle, index, $0.baseAddress ?? UnsafePointer(bitPattern: 1), UInt64($0.count), copy,
                        UInt8(SQLITE_UTF8)))
            }
        }
    }

    /// Binds a copy of the bytes.
    func bind(_ index: Int32, copying bytes: [UInt8]) {
        bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress, raw.count > 0 else {
                return check(sqlite3_bind_zeroblob(handle, index, 0))
            }
            let copy = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            check(sqlite3_bind_blob64(handle, index, base, UInt64(raw.count), copy))
        }
    }

    private var bindingFailure: Int32 = SQLITE_OK

    /// A failed bind is kept and thrown by the next step, so that binding stays one plain line a value.
    private func check(_ result: Int32) {
        if result != SQLITE_OK, bindingFailure == SQLITE_OK { bindingFailure = result }
    }

    // MARK: Running

    /// - Returns: whether there is a row.
    func step() throws(ConnmixError) -> Bool {
        guard bindingFailure == SQLITE_OK else {
            throw .sqlite(bindingFailure, nil, doing: "binding \"\(sql.bounded(toBytes: 80))\"", in: closure)
        }
        let result = sqlite3_step(handle)
        switch result {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw .sqlite(result, database, doing: "running \"\(sql.bounded(toBytes: 80))\"", in: closure)
        }
    }

    /// Runs a statement without rows to its end.
    func run() throws(ConnmixError) {
        defer { reset() }
        while try step() {}
    }

    /// Runs the statement and hands each row to `body`, whose column reads are only valid inside it.
    func forEach(_ body: (Statement) throws -> Void) throws {
        defer { reset() }
        while try step() { try body(self) }
    }

    /// The first row, if there is one.
    func first<T>(_ body: (Statement) throws -> T) throws -> T? {
        defer { reset() }
        return try step() ? try body(self) : nil
    }

    func reset() {
        bindingFailure = SQLITE_OK
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // MARK: Columns

    func int(_ column: Int32) -> Int64 {
        sqlite3_column_int64(handle, column)
    }

    func optionalInt(_ column: Int32) -> Int64? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : int(column)
    }

    func text(_ column: Int32) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: Int32) -> String? {
        sqlite3_column_type(handle, column) == SQLITE_NULL ? nil : text(column)
    }

    /// The column's bytes, valid until the next step.
    func withBytes<T>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T {
        let start = sqlite3_column_blob(handle, column)
        return try body(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func bytes(_ column: Int32) -> [UInt8] {
        withBytes(column) { Array($0) }
    }

    func double(_ column: Int32) -> Double {
        sqlite3_column_double(handle, column)
    }

    func columnType(_ column: Int32) -> Int32 {
        sqlite3_column_type(handle, column)
    }

    var parameterCount: Int { Int(sqlite3_bind_parameter_count(handle)) }

    var columnCount: Int32 { sqlite3_column_count(handle) }

    func columnName(_ column: Int32) -> String {
        sqlite3_column_name(handle, column).map { String(cString: $0) } ?? ""
    }

    func isNull(_ column: Int32) -> Bool {
        sqlite3_column_type(handle, column) == SQLITE_NULL
    }

    private var sql: String {
        sqlite3_sql(handle).map { String(cString: $0) } ?? ""
    }
}
