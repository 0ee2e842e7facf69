/// A SELECT put together from fragments that stand in the source, and values that are only ever bound.
///
/// Fragments are `StaticString`, so nothing that came from outside can become SQL (promise P12).
struct Query {
    enum Value {
        case integer(Int64)
        case text(String)
    }

    private var conditions = ""
    private var values: [Value] = []

    /// Adds a condition; each `?` of it takes one of `values`, in order.
    mutating func add(_ condition: StaticString, _ values: Value...) {
        open()
        conditions += "\(condition)"
        self.values += values
    }

    /// Adds `column IN (...)`.
    mutating func add(_ column: StaticString, in values: [Value]) {
        open()
        conditions += "\(column) IN (\(values.map { _ in "?" }.joined(separator: ", ")))"
        self.values += values
    }

    /// Adds `column` being in one of the ranges.
    mutating func add(_ column: StaticString, in ranges: [ClosedRange<Int64>]) {
        open()
        conditions += "(\(ranges.map { _ in "\(column) BETWEEN ? AND ?" }.joined(separator: " OR ")))"
        for range in ranges { values += [.integer(range.lowerBound), .integer(range.upperBound)] }
    }

    private mutating func open() {
        conditions += conditions.isEmpty ? " WHERE " : " AND "
    }

    /// The ids that a statement selects, all of them.
    func ids(_ connection: Connection, _ select: StaticString, order: StaticString) throws -> [Int64] {
        var ids: [Int64] = []
        try prepare(connection, select, order: order, limit: -1).forEach { ids.append($0.int(0)) }
        return ids
    }

    /// Prepares the statement and binds everything.
    ///
    /// - Parameters:
    ///   - select: everything before `WHERE`.
    ///   - order: everything after it but the limit.
    func prepare(
        _ connection: Connection, _ select: StaticString, order: StaticString, limit: Int
    ) throws -> Statement {
        let statement = try connection.prepare("\(select)\(conditions) \(order) LIMIT ?")
        var index: Int32 = 1
        for value in values + [.integer(Int64(limit))] {
            switch value {
            case .integer(let number): statement.bind(index, number)
            case .text(let text): statement.bind(index, text)
            }
            index += 1
        }
        return statement
    }
}
