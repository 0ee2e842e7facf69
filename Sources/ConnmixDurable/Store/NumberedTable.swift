/// The tables whose ids SQLite gives out, each one above the highest there ever was.
enum NumberedTable {
    case action
    case epoch
    case gap
    case run

    /// There is more room above it than can ever be filled, and two of these can be added.
    private static let limit = Int64.max / 4

    /// The highest id that the table ever had.
    ///
    /// - Throws: `corrupt` where there is no room above it: SQLite would call the disk full then, which passes by itself.
    func lastID(_ connection: Connection) throws -> Int64 {
        let select = try connection.statement(query)
        let found = try select.first { (max($0.int(0), $0.int(1))) } ?? 0
        guard found <= Self.limit else {
            throw ConnmixError(
                .corrupt, "the ids of table \(self) are used up: there is, or was, one with id \(found); restore a backup")
        }
        return found
    }

    private var query: StaticString {
        switch self {
        case .action: "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'action'), (SELECT max(id) FROM action)"
        case .epoch: "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'epoch'), (SELECT max(id) FROM epoch)"
        case .gap: "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'gap'), (SELECT max(id) FROM gap)"
        case .run: "SELECT (SELECT seq FROM sqlite_sequence WHERE name = 'run'), (SELECT max(id) FROM run)"
        }
    }
}
