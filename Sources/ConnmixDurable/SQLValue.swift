/// A value of SQLite.
public enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}

/// A row of a query: its values by the columns' names.
public struct SQLRow: Sendable, Hashable {
    public let names: [String]
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
