import ArgumentParser
import ConnmixDurable

/// What the verbs have in common that change many rows.
struct BulkOptions: ParsableArguments {
    @Flag(help: "All there are; needed where no filter is given.")
    var all = false
    @Flag(name: .shortAndLong, help: "Do not ask. Needed where there is no terminal.")
    var yes = false
    @Flag(help: "Print the ids of what would be changed, and change nothing.")
    var dryRun = false
    @Option(help: "Why. Kept with the action.")
    var reason: String?
    @Option(help: ArgumentHelp("At most so many a second: 50/s; or a minute: 600/m; at least one a day.", valueName: "n/s"))
    var rate: Rate?
    @Option(help: ArgumentHelp("Go on with an action that was interrupted.", valueName: "action"))
    var resume: Int64?

    /// - Parameter isFiltered: whether anything says which rows are meant.
    func check(isFiltered: Bool) throws {
        if resume != nil {
            guard !isFiltered, !all, !dryRun, reason == nil else {
                throw ValidationError(
                    "--resume goes on with the rows that were written down; leave filters, --all, --dry-run and --reason out")
            }
            return
        }
        guard isFiltered || all else {
            throw ValidationError("no filter says which ones; name ids or a filter, or say --all")
        }
        guard !isFiltered || !all else { throw ValidationError("--all contradicts a filter; leave one of them out") }
    }
}
