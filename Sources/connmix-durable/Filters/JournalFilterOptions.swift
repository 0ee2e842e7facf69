import ArgumentParser
import ConnmixDurable

/// Which entries of the journal.
struct JournalFilterOptions: RowFilterOptions {
    typealias Row = JournalRecord

    @OptionGroup var common: CommonFilterOptions
    @Option(
        name: .customLong("state"),
        help: "pending, running, done, dead, discarded, replayed; several with commas. May be repeated.")
    var states: [StateList<EntryState>] = []
}
