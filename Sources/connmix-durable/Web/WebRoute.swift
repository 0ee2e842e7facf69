import ArgumentParser
import ConnmixDurable
import NIOHTTP1

/// What a request asks the console for. Pure.
///
/// What is behind the question mark is a command line's: `?state=dead&since=2h` means what `--state dead --since 2h` does, and is
/// read and refused by the same code.
enum WebRoute {
    /// How long it may take, and whom it may hold up.
    enum Kind {
        case look
        case search
        case change

        init(_ request: HTTPService.Request) {
            let isLook = request.path == "/api/about" || request.path == "/api/status" || request.path.isRow
            self = request.method == .POST ? .change : isLook ? .look : .search
        }
    }

    case about
    case status
    case rows(any RowListCommand)
    case row(Ledger, Int64)
    case causes(any RowCausesCommand)
    case lanes
    case losses(GapsCommand)
    case actions(ActionsListCommand)
    /// Which rows a change would be about.
    case selection(any BulkCommand)
    /// What of an action would be undone.
    case undoing(Int64)
    /// What was selected, and is agreed to.
    case change(WebConsent)
    case pause(topics: [String]?, intake: Bool, WebConsent)
    case resume(topics: [String]?, intake: Bool, WebConsent)

    /// The most rows on a page.
    static let pageLimit = 200
    /// The most of what has no pages.
    static let listLimit = 1_000
    /// The most rows that one change takes.
    static let changeLimit = 10_000

    /// - Throws: where there is nothing of the kind.
    init(_ request: HTTPService.Request, database: String, redacts: Bool = false) throws(WebRefusal) {
        let path = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let query = WebQuery(request.query, database: database, redacts: redacts)
        switch (request.method, path) {
        case (.GET, ["api", "about"]): self = .about
        case (.GET, ["api", "status"]): self = .status
        case (.GET, ["api", "journal"]): self = .rows(try query.list(JournalListCommand.self))
        case (.GET, ["api", "outbox"]): self = .rows(try query.list(OutboxListCommand.self))
        case (.GET, ["api", "journal", "causes"]):
            self = .causes(try query.list(JournalCausesCommand.self, WebQuery.times) { $0.causes.limit })
        case (.GET, ["api", "outbox", "causes"]):
            self = .causes(try query.list(OutboxCausesCommand.self, WebQuery.times) { $0.causes.limit })
        case (.GET, ["api", "lanes"]): self = .lanes
        case (.GET, ["api", "gaps"]):
            self = .losses(try query.list(GapsCommand.self, WebQuery.times + ["node", "order"]) { $0.limit })
        case (.GET, ["api", "actions"]):
            self = .actions(try query.list(ActionsListCommand.self, ["limit"]) { $0.limit })
        case (.GET, let path) where path.count == 3 && path[0] == "api" && Ledger(path: path[1]) != nil:
            guard let ledger = Ledger(path: path[1]), let id = Int64(path[2]) else { throw Self.nothing(request) }
            self = .row(ledger, id)
        case (.GET, let path) where path.count == 4 && path[0] == "api" && path[3] == "selection":
            if path[1] == "actions", let action = Int64(path[2]) {
                self = .undoing(action)
                return
            }
            guard let change = try query.change(path[1], path[2]) else { throw Self.nothing(request) }
            self = .selection(change)
        case (.POST, ["api", "pause"]):
            self = .pause(topics: query.topics, intake: query.isIntake, try WebConsent(request.body))
        case (.POST, ["api", "resume"]):
            self = .resume(topics: query.topics, intake: query.isIntake, try WebConsent(request.body))
        case (.POST, ["api", "changes"]): self = .change(try WebConsent(request.body))
        case (.GET, _), (.POST, _): throw Self.nothing(request)
        default: throw WebGate.wrongMethod("GET")
        }
    }

    private static func nothing(_ request: HTTPService.Request) -> WebRefusal {
        WebRefusal(
            status: .notFound,
            reason:
                "there is no \(request.path.boundedForPeople(100).escapedForTerminal); see the console's page in the documentation"
        )
    }
}

extension String {
    /// Whether its last part is an id.
    fileprivate var isRow: Bool { split(separator: "/").last.flatMap { Int64($0) } != nil }
}

extension Ledger {
    fileprivate init?(path: String) {
        guard let found = Ledger.allCases.first(where: { $0.description == path }) else { return nil }
        self = found
    }
}

/// What the body of a change says.
struct WebConsent: Equatable {
    /// Kept with the action.
    let reason: String?
    /// The name of what was selected; `nil` where it is not about rows.
    let selection: String?

    init(reason: String?, selection: String?) {
        (self.reason, self.selection) = (reason, selection)
    }

    /// - Throws: where it is no such object.
    init(_ body: [UInt8]) throws(WebRefusal) {
        guard let value = JSONParts.value(in: body), let members = JSONParts.members(of: value) else {
            throw WebRefusal(status: .badRequest, reason: "the body is no JSON object")
        }
        var texts: [String: String] = [:]
        for member in members {
            guard ["reason", "selection"].contains(member.name), let text = JSONParts.text(of: member.value) else {
                throw WebRefusal(status: .badRequest, reason: "the body has reason and selection, both texts, and nothing else")
            }
            texts[member.name] = text.isEmpty ? nil : text
        }
        (reason, selection) = (texts["reason"], texts["selection"])
    }
}
