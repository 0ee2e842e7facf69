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
    ///
    /// SQLite reads a whole table for ranges that are joined by OR. Single values are looked up one by one; of ranges that are apart it
    /// reads what lies between the first and the last.
    mutating func add(_ column: StaticString, in ranges: [ClosedRange<Int64>]) {
        let ranges = Self.joined(ranges)
        let single = ranges.filter { $0.lowerBound == $0.upperBound }.map { Value.integer($0.lowerBound) }
        if single.count == ranges.count { return add(column, in: single) }
        guard let first = ranges.first?.lowerBound, let last = ranges.last?.upperBound else { return }
        open()
        conditions += "\(column) BETWEEN ? AND ?"
        values += [.integer(first), .integer(last)]
        guard ranges.count > 1 else { return }
        let wide = ranges.filter { $0.lowerBound < $0.upperBound }
        var parts = wide.map { _ in "\(column) BETWEEN ? AND ?" }
        for range in wide { values += [.integer(range.lowerBound), .integer(range.upperBound)] }
        if !single.isEmpty { parts.append("\(column) IN (\(single.map { _ in "?" }.joined(separator: ", ")))") }
        values += single
        open()
        conditions += "(\(parts.joined(separator: " OR ")))"
    }

    /// The same numbers in ascending ranges that do not touch.
    private static func joined(_ ranges: [ClosedRange<Int64>]) -> [ClosedRange<Int64>] {
        var joined: [ClosedRange<Int64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, last.upperBound == .max || last.upperBound + 1 >= range.lowerBound {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        return joined
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
