import ArgumentParser
import ConnmixDurable

/// Which entries of the journal.
struct JournalFilterOptions: RowFilterOptions {
    typealias Row = JournalRecord

    @Argument(help: ArgumentHelp("Ids, as with --id.", valueName: "ids"), completion: Completions.ids)
    var bareIDs: [IDRanges] = []
    @OptionGroup var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, running, done, dead, discarded, replayed; several with commas. May be repeated.")
    var states: [StateList<EntryState>] = []
}

/// Which entries are rehearsed. Behind a list of words there can be no other one, and the handler is one.
struct RehearsalFilterOptions: RowFilterOptions {
    typealias Row = JournalRecord

    @Argument(help: ArgumentHelp("Ids: N, N,N or N-M.", valueName: "ids"), completion: Completions.ids)
    var bare: IDRanges?
    @OptionGroup var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, running, done, dead, discarded, replayed; several with commas. May be repeated.")
    var states: [StateList<EntryState>] = []

    var bareIDs: [IDRanges] { bare.map { [$0] } ?? [] }
}
