import ArgumentParser
import ConnmixDurable

/// A verb on the rows that filters choose.
protocol RowVerbCommand: BulkCommand {
    associatedtype Filters: RowFilterOptions

    /// What the verb can be used on.
    static var takes: Set<Filters.Row.State> { get }

    var filters: Filters { get }
    /// What is meant where neither states nor ids are named.
    var usualStates: Set<Filters.Row.State> { get }
}

extension RowVerbCommand {
    static var ledger: Ledger { Filters.Row.ledger }

    var isFiltered: Bool { !filters.isEmpty }

    func validate() throws {
        try options.check(isFiltered: isFiltered)
        try filters.check(Self.takes, Self.verb)
    }

    func select(_ inspector: Inspector, looked: ((Int) throws -> Void)?) throws -> BulkSelection {
        try filters.selection(inspector, states: usualStates, looked: looked)
    }
}

/// `prune` of a ledger.
protocol RowPruneCommand: RowVerbCommand {
    var olderThan: TimePoint? { get }
}

extension RowPruneCommand {
    static var verb: OperatorVerb { .prune }

    /// What is finished.
    static var takes: Set<Filters.Row.State> { Set(Filters.Row.State.allCases).subtracting(Filters.Row.openStates) }

    var isFiltered: Bool { olderThan != nil || !filters.isEmpty }

    func validate() throws {
        guard options.resume != nil || olderThan != nil else {
            throw ValidationError("--older-than is missing; say how old what is deleted must be, such as 30d")
        }
        try options.check(isFiltered: isFiltered)
        try filters.check(Self.takes, Self.verb)
    }

    func select(_ inspector: Inspector, looked: ((Int) throws -> Void)?) throws -> BulkSelection {
        try filters.selection(inspector, states: usualStates, prunedBefore: olderThan?.microseconds, looked: looked)
    }
}
