/// Sorted ids as SQL likes them: stretches of consecutive ids, and a JSON array of the rest.
///
/// Marking a range costs a third of marking its rows one by one, and what completes together was mostly received together.
struct IDRuns {
    private(set) var ranges: [ClosedRange<Int64>] = []
    private(set) var singles: [Int64] = []

    /// - Parameter ids: ascending, without repeats.
    init(_ ids: [Int64]) {
        var start = 0
        for index in ids.indices {
            let isLast = index + 1 == ids.count || ids[index + 1] != ids[index] + 1
            guard isLast else { continue }
            if index - start >= 3 {
                ranges.append(ids[start]...ids[index])
            } else {
                singles.append(contentsOf: ids[start...index])
            }
            start = index + 1
        }
    }

    /// Runs one statement for each range (bound to ?1 and ?2) and one for all other ids (a JSON array, bound to ?1).
    ///
    /// Both must say `UPDATE OR FAIL`: an update that may abort half-way writes a journal of its own for its rows.
    ///
    /// - Returns: how many rows changed.
    func update(
        _ connection: Connection,
        ranges rangeSQL: StaticString,
        singles singlesSQL: StaticString,
        bind: (Statement) -> Void
    ) throws -> Int {
        var changed = 0
        for range in ranges {
            let statement = try connection.statement(rangeSQL)
            statement.bind(1, range.lowerBound)
            statement.bind(2, range.upperBound)
            bind(statement)
            try statement.run()
            changed += connection.changes
        }
        guard !singles.isEmpty else { return changed }
        let statement = try connection.statement(singlesSQL)
        try singles.jsonText.lend { text in
            statement.bindText(1, text)
            bind(statement)
            try statement.run()
        }
        return changed + connection.changes
    }
}

extension [Int64] {
    /// As `json_each` reads it.
    var jsonText: String {
        var json = "["
        json.reserveCapacity(count * 9)
        for (index, id) in enumerated() {
            if index > 0 { json.append(",") }
            json.append(String(id))
        }
        json.append("]")
        return json
    }
}
