internal import CSQLite

extension Statement {
    func bind(_ index: Int32, value: SQLValue) {
        switch value {
        case .null: bindNull(index)
        case .integer(let integer): bind(index, integer)
        case .real(let real): bindReal(index, real)
        case .text(let text): bind(index, text)
        case .blob(let bytes): bind(index, copying: bytes)
        }
    }

    func value(_ column: Int32) -> SQLValue {
        switch columnType(column) {
        case SQLITE_INTEGER: .integer(int(column))
        case SQLITE_FLOAT: .real(double(column))
        case SQLITE_TEXT: .text(text(column))
        case SQLITE_BLOB: .blob(bytes(column))
        default: .null
        }
    }
}

extension SQLRow {
    init(_ row: Statement) {
        self.init(
            names: (0..<row.columnCount).map { row.columnName($0) }, values: (0..<row.columnCount).map { row.value($0) })
    }
}
