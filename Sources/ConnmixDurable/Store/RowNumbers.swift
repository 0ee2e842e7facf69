/// Numbers of rows that are calculated with, brought to where no calculation overflows.
///
/// Another program can put anything into a file (`PRAGMA ignore_check_constraints`), and nothing that stands in one may end the process.
/// `database check` names the rows.
extension Statement {
    /// Some 36,000 years in microseconds: a few of these can be added to each other and taken from each other.
    private static let timeLimit: Int64 = 1 << 60
    /// How often something happened, or how many bytes it is, exact as a `Double` too.
    private static let amountLimit: Int64 = 1 << 53
    /// Attempts at one row.
    private static let countLimit: Int64 = 1 << 31

    /// A time in microseconds since 1970.
    func time(_ column: Int32) -> Int64 { min(max(int(column), -Self.timeLimit), Self.timeLimit) }

    func optionalTime(_ column: Int32) -> Int64? { isNull(column) ? nil : time(column) }

    /// An amount that is shown or added up, 0 or more.
    func amount(_ column: Int32) -> Int64 { min(max(int(column), 0), Self.amountLimit) }

    func optionalAmount(_ column: Int32) -> Int64? { isNull(column) ? nil : amount(column) }

    /// How many attempts or writes there were, 0 or more.
    func count(_ column: Int32) -> Int { Int(min(max(int(column), 0), Self.countLimit)) }

    /// The highest id, to tell how many rows there ever were.
    func highestID(_ column: Int32) -> Int64 { time(column) }

    /// One of the values that a column may have.
    ///
    /// - Parameter what: the row, for people: `journal entry 7`.
    /// - Throws: `corrupt` where it has another one.
    func known<Value: RawRepresentable>(
        _ column: Int32, _ name: StaticString, of what: @autoclosure () -> String, as type: Value.Type = Value.self
    ) throws(ConnmixError) -> Value where Value.RawValue == Int64 {
        guard let value = Value(rawValue: int(column)) else { throw .unknown(name, int(column), of: what()) }
        return value
    }
}

extension ConnmixError {
    /// A column has a value that this version does not know.
    static func unknown(_ name: StaticString, _ value: Int64, of what: String) -> ConnmixError {
        ConnmixError(.corrupt, "\(what) has the unknown \(name) \(value); restore a backup")
    }
}
