import ConnmixDurable

/// A row of a ledger as the command line reads, shows and changes it. What differs between the two ledgers stands in the conformances;
/// the commands' work is written once for both.
protocol LedgerRow {
    associatedtype State: CaseIterable, CustomStringConvertible, Hashable, Sendable
    associatedtype Filter: LedgerFilter where Filter.State == State
    /// A row and all that belongs to it.
    associatedtype Detail: LedgerDetail

    static var ledger: Ledger { get }
    /// A row in one of these may still come into another.
    static var openStates: Set<State> { get }
    /// A row in one of these ended without success.
    static var failedStates: Set<State> { get }

    var id: Int64 { get }
    /// Its keys in JSON; a contract.
    ///
    /// - Parameter waiting: what the running consumer's commands wait for, where that is known.
    func write(to writer: inout JSONWriter, waiting: [StatusReport.Waiting])
    /// It as the console shows it.
    func webRow(_ payload: WebRow.Payload?, _ waiting: [StatusReport.Waiting]) -> WebRow
    /// Rows for people.
    ///
    /// - Parameter isStream: whether more rows follow, for which the columns must have room.
    static func table(
        _ rows: [Self], _ terminal: Terminal, now: Int64, waiting: [StatusReport.Waiting], isStream: Bool
    ) -> String

    /// A page of the ledger; `looked` is told after each read how many rows it went over.
    static func page(
        _ inspector: Inspector, _ filter: Filter, withData: Bool, looked: (Int) throws -> Void
    ) throws -> [Self]
    /// The ids of the rows that are meant, in the filter's order.
    static func ids(_ inspector: Inspector, _ filter: Filter, looked: (Int) throws -> Void) throws -> [Int64]
    /// The highest id.
    static func newest(_ inspector: Inspector) throws -> Int64
    /// In which states rows are.
    static func states(_ inspector: Inspector, of ids: [Int64]) throws -> [Int64: State]
    /// How many rows there are, by state.
    static func counts(_ status: StatusReport) -> [State: Int64]
    /// What is counted where failures are grouped; a key in JSON.
    static var causeTitle: String { get }
    /// Failures grouped by their errors.
    static func causes(
        _ inspector: Inspector, since: Int64, until: Int64, looked: (Int) throws -> Void
    ) throws -> [FailureCause]
    /// What rows of this ledger may wait for.
    static func waiting(_ inspector: Inspector) throws -> [StatusReport.Waiting]
}

extension LedgerRow {
    /// How many rows are in these states, as good as is known without counting; an empty set means all. It is only shown, so an error
    /// counts as none.
    static func count(_ inspector: Inspector, _ states: Set<State>) -> Int {
        guard let counts = (try? inspector.status()).map(counts) else { return 0 }
        return (states.isEmpty ? Set(State.allCases) : states).reduce(0) { $0 + Int(counts[$1] ?? 0) }
    }

    /// How many of the rows are not finished, and how many failed.
    static func ends(_ inspector: Inspector, of ids: [Int64]) throws -> (open: Int, failed: Int) {
        let states = try states(inspector, of: ids).values
        return (states.count(where: openStates.contains), states.count(where: failedStates.contains))
    }
}

/// What both ledgers can be asked for.
protocol LedgerFilter {
    associatedtype State: Hashable

    init()
    var ids: [ClosedRange<Int64>] { get set }
    var states: Set<State> { get set }
    var topic: String? { get set }
    var client: String? { get set }
    var node: String? { get set }
    var since: Int64? { get set }
    var until: Int64? { get set }
    var error: String? { get set }
    var cause: String? { get set }
    var handlerVersion: String? { get set }
    var limit: Int { get set }
    var order: ListOrder { get set }
    var after: Int64? { get set }
    var prunedBefore: Int64? { get set }
}

extension JournalFilter: LedgerFilter {}
extension OutboxFilter: LedgerFilter {}

/// One row shown with all that belongs to it.
protocol LedgerDetail {
    static func read(_ inspector: Inspector, _ id: Int64, withData: Bool) throws -> Self
    func write(to writer: inout JSONWriter)
    func text(_ terminal: Terminal, now: Int64) -> String
}
