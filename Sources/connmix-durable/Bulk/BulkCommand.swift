import ArgumentParser
import ConnmixDurable

/// A command that does something to many rows. It declares which verb on which rows; the work is the same for all.
protocol BulkCommand: ParsableCommand {
    static var verb: OperatorVerb { get }
    static var ledger: Ledger { get }

    var database: DatabaseOptions { get }
    var output: OutputOptions { get }
    var options: BulkOptions { get }
    /// Whether something says which rows are meant.
    var isFiltered: Bool { get }
    /// Few rows first, where the verb can do that.
    var firstFew: CanaryOptions? { get }
    /// Whether what the verb was used on before is taken, too.
    var again: Bool { get }

    /// - Parameter looked: told after each read of a search how many rows it went over; where there is none a terminal shows it.
    func select(_ inspector: Inspector, looked: ((Int) throws -> Void)?) throws -> BulkSelection
}

extension BulkCommand {
    var firstFew: CanaryOptions? { nil }
    var again: Bool { false }

    func validate() throws {
        try options.check(isFiltered: isFiltered)
    }

    func run() throws {
        try bulkRun().run(select)
    }

    func select(_ inspector: Inspector) throws -> BulkSelection { try select(inspector, looked: nil) }

    func bulkRun() throws -> BulkRun {
        try BulkRun(
            Self.verb, on: Self.ledger, database: database, output: output, options: options, canary: firstFew,
            again: again)
    }
}

/// One that knows `--canary`.
protocol CanaryCommand: BulkCommand {
    var canary: CanaryOptions { get }
}

extension CanaryCommand {
    var firstFew: CanaryOptions? { canary }
}
