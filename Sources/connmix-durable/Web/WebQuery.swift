import ArgumentParser
import ConnmixDurable
import NIOHTTP1

/// What stands behind a request's question mark, as a command's options. Pure.
struct WebQuery {
    private let values: [String: String]
    private let database: String
    private let redacts: Bool

    static let times = ["since", "until", "limit"]
    private static let filters = [
        "id", "state", "topic", "client", "node", "since", "until", "error", "cause", "handler-version",
    ]
    private static let outboxFilters = ["kind", "channel", "partial"]
    private static let pages = ["limit", "order", "after"]
    private static let flags: Set = ["partial"]

    /// - Parameters:
    ///   - values: an empty one counts as not given, as forms send it.
    ///   - database: the file that is meant, whatever a command would take by itself.
    ///   - redacts: whether values must not be shown: whoever may search what quotes them finds them.
    init(_ values: [String: String], database: String, redacts: Bool = false) {
        self.values = values.filter { !$0.value.isEmpty && !(Self.flags.contains($0.key) && $0.value == "false") }
        self.database = database
        self.redacts = redacts
    }

    /// What is named by `topic`; `nil` where nothing is.
    var topics: [String]? { values["topic"].map { [$0] } }

    var isIntake: Bool { values["intake"] == "true" }

    /// A list that has a limit.
    func list<List: ParsableArguments>(
        _ type: List.Type, _ names: [String], limit: (List) -> Int
    ) throws(WebRefusal) -> List {
        let list = try parsed(type, names)
        let limit = limit(list)
        guard (1...WebRoute.listLimit).contains(limit) else {
            throw WebRefusal(status: .badRequest, reason: "limit is \(limit); it may be 1 to \(WebRoute.listLimit)")
        }
        return list
    }

    /// A page of a ledger.
    func list<List: RowListCommand>(_ type: List.Type) throws(WebRefusal) -> List {
        let list = try parsed(type, Self.names(of: List.Filters.Row.ledger) + Self.pages)
        let limit = list.filters.common.limit ?? 50
        guard (1...WebRoute.pageLimit).contains(limit) else {
            throw WebRefusal(status: .badRequest, reason: "limit is \(limit); it may be 1 to \(WebRoute.pageLimit)")
        }
        return list
    }

    /// A change of rows; `nil` where there is no such verb.
    func change(_ place: String, _ verb: String) throws(WebRefusal) -> (any BulkCommand)? {
        switch (place, verb) {
        case ("journal", "retry"): return try rows(JournalRetryCommand.self)
        case ("journal", "replay"): return try rows(JournalReplayCommand.self)
        case ("journal", "discard"): return try rows(JournalDiscardCommand.self)
        case ("journal", "restore"): return try rows(JournalRestoreCommand.self)
        case ("outbox", "retry"): return try rows(OutboxRetryCommand.self)
        case ("outbox", "cancel"): return try rows(OutboxCancelCommand.self)
        case ("lanes", "release"): return try lane(LanesReleaseCommand.self)
        case ("lanes", "skip"): return try lane(LanesSkipCommand.self)
        default: return nil
        }
    }

    private func rows<Change: RowVerbCommand>(_ type: Change.Type) throws(WebRefusal) -> Change {
        // One more than is taken tells whether there are more.
        try parsed(type, Self.names(of: Change.ledger), ["--limit=\(WebRoute.changeLimit + 1)"])
    }

    private func lane<Change: LaneVerbCommand>(_ type: Change.Type) throws(WebRefusal) -> Change {
        guard let lane = values["lane"] else {
            throw WebRefusal(status: .badRequest, reason: "no lane is named; name one with lane=")
        }
        return try parsed(type, ["lane"], ["--", lane], leavingOut: ["lane"])
    }

    private static func names(of ledger: Ledger) -> [String] {
        ledger == .outbox ? filters + outboxFilters : filters
    }

    /// - Parameters:
    ///   - names: what may be given; each is the option of that name.
    ///   - more: further words of the command line.
    ///   - others: of the names those that are no options.
    func parsed<Command: ParsableArguments>(
        _ type: Command.Type, _ names: [String], _ more: [String] = [], leavingOut others: Set<String> = []
    ) throws(WebRefusal) -> Command {
        if let unknown = values.keys.sorted().first(where: { !names.contains($0) }) {
            let known = names.joined(separator: ", ")
            throw WebRefusal(
                status: .badRequest,
                reason: "there is no \(unknown.boundedForPeople(100).escapedForTerminal) here; there are: \(known)")
        }
        guard !redacts || values["error"] == nil else {
            throw WebRefusal(status: .badRequest, reason: "what errors quote is not searched where values are not to be shown")
        }
        let words = values.sorted { $0.key < $1.key }.filter { !others.contains($0.key) }.map { name, value in
            Self.flags.contains(name) ? "--\(name)" : "--\(name)=\(value)"
        }
        do {
            return try Command.parse(["--database=\(database)"] + words + more)
        } catch {
            let reason = Command.message(for: error).boundedForPeople(500).escapedForTerminal
            throw WebRefusal(status: .badRequest, reason: reason)
        }
    }
}
