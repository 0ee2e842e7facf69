public import ArgumentParser
public import ConnmixDurable

/// What both ledgers can be filtered by.
struct CommonFilterOptions: ParsableArguments {
    @Option(
        name: .customLong("id"), help: ArgumentHelp("Ids: N, N,N or N-M. May be repeated.", valueName: "ids"),
        completion: Completions.ids)
    var ids: [IDRanges] = []
    @Option(help: "The topic.", completion: Completions.topics)
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
    @Option(help: ArgumentHelp("The cause of the last error, by its id: see causes.", valueName: "id"))
    var cause: CauseID?
    @Option(help: "The handler's version.")
    var handlerVersion: String?
    @Option(help: "At most so many; 0 for all. Default: 50 where they are shown, all where they are changed.")
    var limit: Int?
    @Option(
        name: .customLong("order"),
        help: "oldest or newest first. Default: newest where they are listed, oldest where they are changed or exported.")
    var namedOrder: ListOrder?

    var order: ListOrder { namedOrder ?? .newest }

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit is \(limit); it may be 0 (all) or more") }
    }

    /// Whether nothing says which ones.
    var isEmpty: Bool {
        ids.isEmpty && topic == nil && client == nil && node == nil && since == nil && until == nil && error == nil
            && cause == nil && handlerVersion == nil
    }

    /// - Parameter ids: all that were named, with or without --id.
    func write(to writer: inout JSONWriter, ids: [IDRanges]) {
        if !ids.isEmpty {
            writer.key("id")
            writer.array(ids.flatMap(\.ranges)) { writer, range in
                writer.string(range.single.map { "\($0)" } ?? "\(range.lowerBound)-\(range.upperBound)")
            }
        }
        for (name, value) in [
            ("topic", topic), ("client", client), ("node", node), ("error", error), ("cause", cause?.text),
            ("handler_version", handlerVersion),
        ] where value != nil {
            writer.key(name); writer.string(value)
        }
        if let since { writer.key("since"); writer.time(since.microseconds) }
        if let until { writer.key("until"); writer.time(until.microseconds) }
        if let limit {
            writer.key("limit"); writer.integer(limit); writer.key("order"); writer.string((namedOrder ?? .oldest).rawValue)
        }
    }
}

/// Which page of a list.
struct PageOptions: ParsableArguments {
    @Option(help: "Go on after this id: the last one of the page before.")
    var after: Int64?
}

extension ListOrder: ExpressibleByArgument {}
