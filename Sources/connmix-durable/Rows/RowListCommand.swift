import ArgumentParser
import ConnmixDurable

/// `list` of a ledger: what a command declares, and the work that is the same for both.
protocol RowListCommand: ParsableCommand {
    associatedtype Filters: RowFilterOptions

    var database: DatabaseOptions { get }
    var output: OutputOptions { get }
    var payload: PayloadOptions { get }
    var filters: Filters { get }
    var page: PageOptions { get }
}

extension RowListCommand {
    private static var usualLimit: Int { 50 }

    func run() throws {
        let inspector = try database.inspector()
        let waiting = try Filters.Row.waiting(inspector)
        var note = SearchNote(Filters.Row.count(inspector, filters.named))
        defer { note.clear() }
        let end = try Pages.read(limit: filters.common.limit ?? Self.usualLimit, after: page.after) { after, limit in
            var filter = filters.filter
            (filter.after, filter.limit) = (after, limit)
            return try Filters.Row.page(inspector, filter, withData: !payload.withoutPayload) { note.looked($0) }
        } id: {
            $0.id
        } show: { rows in
            note.clear()
            try output.json
                ? StandardOutput().writeLines(rows) { $1.write(to: &$0, waiting: waiting) }
                : StandardOutput().write(
                    Filters.Row.table(rows, .output, now: Timestamp.now(), waiting: waiting, isStream: false))
        }
        note.clear()
        try ListEnd.say(end, what: Filters.Row.ledger.row)
    }
}
