internal import CSQLite

extension Connection {
    private final class TextFunction {
        let body: (String) -> Int64

        init(_ body: @escaping (String) -> Int64) {
            self.body = body
        }
    }

    /// Gives the statements of this connection a function of a text; of NULL it is NULL.
    ///
    /// - Parameter body: answers the same for the same text.
    func define(_ name: StaticString, _ body: @escaping (String) -> Int64) throws(ConnmixError) {
        let result = sqlite3_create_function_v2(
            handle, "\(name)", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
            Unmanaged.passRetained(TextFunction(body)).toOpaque(),
            { context, _, values in
                guard let value = values?[0], let function = sqlite3_user_data(context), let text = sqlite3_value_text(value)
                else { return sqlite3_result_null(context) }
                let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_value_bytes(value)))
                let body = Unmanaged<TextFunction>.fromOpaque(function).takeUnretainedValue().body
                sqlite3_result_int64(context, body(String(decoding: bytes, as: UTF8.self)))
            }, nil, nil, { $0.map { Unmanaged<TextFunction>.fromOpaque($0).release() } })
        guard result == SQLITE_OK else { throw .sqlite(result, handle, doing: "defining \(name)") }
    }
}
