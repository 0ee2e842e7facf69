public import ArgumentParser
public import ConnmixDurable

/// What both ledgers can be filtered by.
struct CommonFilterOptions: ParsableArguments {
    @Option(name: .customLong("id"), help: ArgumentHelp("Ids: N, N,N or N-M. May be repeated.", valueName: "ids"))
    var ids: [IDRanges] = []
    @Option(help: "The topic.")
    var topic: String?
    @Option(help: "The client id.")
    var client: String?
    @Option(help: "The node's id.")
    var node: String?
    @Option(help: "Not before: RFC 3339, or an age such as 2h.")
    var since: TimePoint?
    @Option(help: "Before: RFC 3339, or an age such as 2h.")
    var until: TimePoint?
    @Option(help: "A part of the last error.")
    var error: String?
    @Option(help: "The handler's version.")
    var handlerVersion: String?
    @Option(help: "At most so many; 0 for all.")
    var limit = 50
    @Option(help: "oldest or newest first.")
    var order = ListOrder.newest
    @Option(help: "Go on after this id: the last one of the page before.")
    var after: Int64?

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is \(limit); it may be 0 (all) or more") }
    }
}

extension ListOrder: ExpressibleByArgument {}
