import ArgumentParser
import ConnmixDurable

/// `show` of a ledger.
protocol RowShowCommand: ParsableCommand {
    associatedtype Row: LedgerRow

    var database: DatabaseOptions { get }
    var output: OutputOptions { get }
    var payload: PayloadOptions { get }
    var id: Int64 { get }
}

extension RowShowCommand {
    func run() throws {
        let detail = try Row.Detail.read(database.inspector(), id, withData: !payload.withoutPayload)
        try output.json
            ? StandardOutput().write(JSONWriter.line { detail.write(to: &$0) })
            : StandardOutput().write(detail.text(.output, now: Timestamp.now()))
    }
}
