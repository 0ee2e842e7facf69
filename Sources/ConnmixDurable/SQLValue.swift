/// A value of SQLite.
public enum SQLValue: Sendable, Hashable {
    /// `NULL`.
    case null
    /// A whole number of 64 bits.
    case integer(Int64)
    /// A floating-point number. SQLite keeps no NaN: it becomes `NULL`.
    case real(Double)
    /// Text in UTF-8.
    case text(String)
    /// Bytes, as they are.
    case blob([UInt8])
}

/// A row of a query: its values by the columns' names.
public struct SQLRow: Sendable, Hashable {
    /// The columns' names, in the order of the query. One name may be there twice.
    public let names: [String]
    /// As many as there are names, in the same order.
    public let values: [SQLValue]

    init(names: [String], values: [SQLValue]) {
        self.names = names
        self.values = values
    }

    /// What it takes in memory, roughly.
    var bytes: Int {
        values.reduce(64) { bytes, value in
            switch value {
            case .null, .integer, .real: bytes + 48
            case .text(let text): bytes + 48 + text.utf8.count
            case .blob(let blob): bytes + 48 + blob.count
            }
        }
    }

    /// The value of the first column of this name; `nil` where there is none.
    public subscript(name: String) -> SQLValue? {
        names.firstIndex(of: name).map { values[$0] }
    }
}
