import ArgumentParser
import ConnmixDurable

/// `tail` of a ledger.
protocol RowTailCommand: ParsableCommand {
    associatedtype Filters: RowFilterOptions

    var database: DatabaseOptions { get }
    var output: OutputOptions { get }
    var payload: PayloadOptions { get }
    var filters: Filters { get }
}

extension RowTailCommand {
    func run() throws {
        var follower = RowFollower(
            try database.inspector(), filters, withData: !payload.withoutPayload, asJSON: output.json)
        try follower.run()
    }
}
