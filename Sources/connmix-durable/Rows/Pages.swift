/// Reads a list in pages, so that no read is long.
enum Pages {
    private static let size = 200

    /// Calls `show` for each page.
    ///
    /// - Parameters:
    ///   - limit: 0 for all.
    ///   - page: the rows after an id, at most so many.
    /// - Returns: how many rows there were, and the last id where there are more.
    static func read<Row>(
        limit: Int, after first: Int64?, page: (_ after: Int64?, _ limit: Int) throws -> [Row], id: (Row) -> Int64,
        show: ([Row]) throws -> Void
    ) throws -> (count: Int, next: Int64?) {
        var after = first
        var count = 0
        while limit == 0 || count < limit {
            let wanted = limit == 0 ? size : min(size, limit - count)
            // One more than is shown tells whether there are more.
            let rows = try page(after, wanted + 1)
            let shown = Array(rows.prefix(wanted))
            if !shown.isEmpty { try show(shown) }
            count += shown.count
            guard rows.count > wanted, let last = shown.last else { return (count, nil) }
            after = id(last)
        }
        return (count, after)
    }
}
