import ConnmixDurable
import NIOHTTP1
import Testing

@testable import connmix_durable

@Suite("what the console is asked")
struct WebRouteTests {
    private func route(_ path: String, _ query: [String: String] = [:]) throws -> WebRoute {
        try WebRoute(.init(method: .GET, path: path, query: query, headers: [:], body: []), database: "/nowhere/db")
    }

    private func refusal(
        _ path: String, _ query: [String: String] = [:], method: HTTPMethod = .GET, body: String = "{}", redacts: Bool = false
    ) -> WebRefusal? {
        do throws(WebRefusal) {
            _ = try WebRoute(
                .init(method: method, path: path, query: query, headers: [:], body: Array(body.utf8)), database: "/nowhere/db",
                redacts: redacts)
            return nil
        } catch { return error }
    }

    @Test("what is behind the question mark means what the options of that name mean")
    func filters() throws {
        let query = [
            "state": "dead,pending", "topic": "-x --all", "client": "7", "since": "2h", "id": "1-5,9", "limit": "10",
            "after": "100",
            "order": "oldest", "error": "", "node": "",
        ]
        guard case .rows(let list) = try route("/api/journal", query), let journal = list as? JournalListCommand else {
            Issue.record("no list of the journal")
            return
        }
        let filter = journal.filters.filter
        #expect(
            filter.states == [.dead, .pending] && filter.topic == "-x --all" && filter.client == "7" && filter.order == .oldest)
        #expect(filter.ids == [1...5, 9...9] && journal.page.after == 100 && journal.filters.common.limit == 10)
        // What a form leaves empty is not asked for.
        #expect(filter.error == nil && filter.node == nil)
        #expect(journal.database.database == "/nowhere/db")
        guard case .rows(let commands) = try route("/api/outbox", ["partial": "true", "kind": "mesh.publish"]),
            let outbox = commands as? OutboxListCommand
        else {
            Issue.record("no list of the outbox")
            return
        }
        #expect(outbox.filters.filter.isPartial && outbox.filters.filter.kind == "mesh.publish")
        guard case .rows(let all) = try route("/api/outbox", ["partial": "false"]), let whole = all as? OutboxListCommand else {
            Issue.record("no list of the outbox")
            return
        }
        #expect(!whole.filters.filter.isPartial)
    }

    @Test("P12: only what may be asked for here, and nothing that is a command line's own")
    func refused() throws {
        for name in ["database", "yes", "all", "resume", "json", "no-payload", "topi", "partial", "--topic"] {
            #expect(refusal("/api/journal", [name: "1"])?.status == .badRequest, "\(name)")
        }
        for (name, value) in [
            ("limit", "0"), ("limit", "201"), ("limit", "x"), ("state", "nonsense"), ("id", "9-1"), ("since", "then"),
            ("order", "sideways"), ("cause", "zz"), ("after", "x"),
        ] {
            let refusal = refusal("/api/journal", [name: value])
            #expect(refusal?.status == .badRequest, "\(name)=\(value)")
            #expect(refusal?.reason.contains("\u{1B}") == false)
        }
        for path in [
            "/api", "/api/", "/api/journal/x", "/api/journal/1/2", "/api/journal/prune/selection", "/api/nothing/1", "/x", "//",
        ] {
            #expect(refusal(path)?.status == .notFound, "\(path)")
        }
        #expect(refusal("/api/journal/1", method: .DELETE)?.status == .methodNotAllowed)
        #expect(refusal("/api/journal", method: .POST)?.status == .notFound)
        #expect(refusal("/api/changes", method: .GET)?.status == .notFound)
    }

    @Test("every verb selects rows of the states that it is for, and no others")
    func verbs() throws {
        for (path, query, verb) in [
            ("/api/journal/retry/selection", ["state": "dead"], OperatorVerb.retry),
            ("/api/journal/replay/selection", ["id": "5"], .replay),
            ("/api/journal/discard/selection", ["cause": "0123abcd"], .discard),
            ("/api/journal/restore/selection", ["topic": "chat"], .restore),
            ("/api/outbox/retry/selection", ["id": "5"], .retry),
            ("/api/outbox/cancel/selection", ["channel": "news"], .cancel),
            ("/api/lanes/release/selection", ["lane": "--all"], .retry),
            ("/api/lanes/skip/selection", ["lane": "7"], .skip),
        ] {
            guard case .selection(let change) = try route(path, query) else {
                Issue.record("\(path) selects nothing")
                continue
            }
            #expect(type(of: change).verb == verb, "\(path)")
        }
        // All there are is for the command line.
        #expect(refusal("/api/journal/discard/selection")?.status == .badRequest)
        #expect(refusal("/api/lanes/skip/selection")?.status == .badRequest)
        #expect(refusal("/api/journal/retry/selection", ["state": "done"])?.status == .badRequest)
    }

    @Test("a change says why and what, and nothing else")
    func consents() throws {
        #expect(try WebConsent(Array(#"{"reason":"é\n","selection":"abc"}"#.utf8)) == WebConsent(reason: "é\n", selection: "abc"))
        #expect(try WebConsent(Array(#" {"reason":""} "#.utf8)) == WebConsent(reason: nil, selection: nil))
        for body in ["", "[]", "1", "{", #"{"reason":1}"#, #"{"ids":[1]}"#, #"{"selection":null}"#, "{}{}"] {
            #expect(refusal("/api/changes", method: .POST, body: body)?.status == .badRequest, "\(body)")
        }
    }

    @Test("selections are kept in bounds, and taken once")
    func selections() throws {
        var selections = WebSelections()
        let names = (0..<WebSelections.limit + 2).map { selections.keep(.init(ids: [Int64($0)])) }
        #expect(Set(names).count == names.count)
        #expect(selections.take(names[0]) == nil && selections.take(names[1]) == nil)
        #expect(selections.take(names[2])?.ids == [2])
        #expect(selections.take(names[2]) == nil)
        #expect(selections.take("") == nil)
    }

    @Test("long searches hold up other searches only")
    func kinds() {
        func kind(_ method: HTTPMethod, _ path: String) -> WebRoute.Kind {
            .init(.init(method: method, path: path, query: [:], headers: [:], body: []))
        }
        for path in ["/api/status", "/api/about", "/api/journal/17", "/api/outbox/1", "/api/actions/1"] {
            #expect(kind(.GET, path) == .look, "\(path)")
        }
        for path in [
            "/api/journal", "/api/outbox/causes", "/api/journal/retry/selection", "/api/lanes", "/api/gaps", "/api/actions",
        ] {
            #expect(kind(.GET, path) == .search, "\(path)")
        }
        #expect(kind(.POST, "/api/changes") == .change)
    }
}

extension WebSelection {
    fileprivate init(ids: [Int64]) {
        self.init(change: .bulk(.retry, .journal, again: false), count: ids.count, ids: ids, hasMore: false, filter: "{}")
    }
}
