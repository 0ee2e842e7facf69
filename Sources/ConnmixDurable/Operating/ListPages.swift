extension Set {
    /// The elements that share a partial index, together: a query for several indexes would use none.
    func groups(by index: (Element) -> Int64) -> [Set<Element>] {
        Dictionary(grouping: self, by: index).values.map { Set($0) }
    }
}

extension ListOrder {
    /// One page out of the pages of several queries.
    func merge<Group, Row>(
        _ groups: [Group], limit: Int, id: (Row) -> Int64, page: (Group) throws -> [Row]
    ) rethrows -> [Row] {
        let rows = try groups.flatMap(page)
        let sorted = rows.sorted { self == .oldest ? id($0) < id($1) : id($0) > id($1) }
        return Array(sorted.prefix(max(0, limit)))
    }
}
